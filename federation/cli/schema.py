"""``federation config-schema``: what editors and people may know about a configuration."""

from __future__ import annotations

import json

import click

_EXAMPLES = """\b
Examples:
  federation config-schema > federation.schema.json
  federation config-schema --markdown | less

\b
First line of a configuration:
  # yaml-language-server: $schema=federation.schema.json
"""


@click.command("config-schema", epilog=_EXAMPLES)
@click.option("--markdown", is_flag=True, help="Print the reference page instead.")
def config_schema(*, markdown: bool) -> None:
    """Print the JSON Schema of configurations.

    Named in the first line of a file, it lets editors complete and check that file.
    """
    from federation.config.reference import json_schema, reference_markdown

    if markdown:
        click.echo(reference_markdown(), nl=False)
    else:
        click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
