"""``federation config-schema``: what editors and people may know about a configuration."""

from __future__ import annotations

import json

import click

_EXAMPLES = """\b
Examples:
  federation config-schema > federation.schema.json
  federation config-schema --tests > federation.test.schema.json
  federation config-schema --markdown | less

\b
First line of a configuration:
  # yaml-language-server: $schema=federation.schema.json
"""


@click.command("config-schema", epilog=_EXAMPLES)
@click.option("--markdown", is_flag=True, help="Print the reference page instead.")
@click.option("--tests", is_flag=True, help="Print the schema of files of cases instead.")
def config_schema(*, markdown: bool, tests: bool) -> None:
    """Print the JSON Schema of configurations.

    Named in the first line of a file, it lets editors complete and check that file.
    """
    from federation.config.reference import cases_schema, json_schema, reference_markdown

    if markdown and tests:
        raise click.UsageError("--markdown and --tests exclude each other.")
    if markdown:
        click.echo(reference_markdown(), nl=False)
    else:
        click.echo(
            json.dumps(cases_schema() if tests else json_schema(), indent=2, ensure_ascii=False)
        )
