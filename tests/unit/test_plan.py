"""From configuration and facts to a plan, or to every reason why not."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from plan_facts import (
    EU_V1,
    EU_V2,
    KEY,
    US,
    US_KEY,
    cluster,
    facts,
    loaded,
    topic,
    versions,
)
from rich.console import Console

from federation.errors import Finding, PlanError
from federation.mapping.times import TimeLimits
from federation.plan import uids
from federation.plan.compile import compile as compile_plan
from federation.plan.explain import render, to_json
from federation.plan.facts import RegistryFacts, SubjectCheck

AHEAD = "message.timestamp.after.max.ms"
CLAMP = ("topic: orders.unified", "topic: orders.unified\n      timestamps: clamp")


def refusals(config, known) -> list[Finding]:
    """The errors of a plan that must not compile."""
    with pytest.raises(PlanError) as caught:
        compile_plan(config, known)
    return [one for one in caught.value.findings if one.severity == "error"]


def pointed_at(found: Finding) -> str:
    """The text of the file from the place that a finding names to the end of the line."""
    path, line, column = found.where.rsplit(":", 2)
    return Path(path).read_text().splitlines()[int(line) - 1][int(column) - 1 :]


def refusal(config, known, what, at, hint="") -> None:
    """There is exactly one error: its text, the place in the file, its hint."""
    (found,) = refusals(config, known)
    assert what in found.what
    assert pointed_at(found).startswith(at)
    assert hint in found.hint


def warning(config, known, what, at, hint="") -> None:
    """The plan compiles, with exactly one warning: its text, the place in the file, its hint."""
    (found,) = compile_plan(config, known).warnings
    assert what in found.what
    assert found.severity == "warning"
    assert pointed_at(found).startswith(at)
    assert hint in found.hint


class TestPlan:
    def test_a_sound_federation_has_a_plan_without_warnings(self, tmp_path):
        """What is decided is what the configuration and the facts say."""
        plan = compile_plan(loaded(tmp_path), facts())
        (stream,) = plan.streams
        eu, us = stream.sources
        target = stream.target
        assert plan.warnings == ()
        assert plan.run.state == tmp_path / "state"
        assert [(t.name, t.topic_id, t.partitions) for t in us.topics] == [
            ("order_events", "id-of-order_events", 6)
        ]
        assert [(v.subject, v.version, v.schema_id) for v in eu.versions] == [
            ("orders-value", 1, 1),
            ("orders-value", 2, 2),
        ]
        assert eu.cluster.cluster_id == "cluster-eu"
        assert us.cluster.registry.password == "hunter23"  # noqa: S105 - made up
        assert target.partitions == 6
        assert [(t.name, t.partitions, t.replication) for t in target.creates] == [
            ("orders.unified", 6, -1),
            ("orders.dead", 6, -1),
        ]
        assert target.registers == ("orders.unified-value",)
        assert (target.key_encoding, target.key_subject) == ("string", None)
        assert target.record_bytes == target.dead_bytes == 1048588 + 65536

    def test_created_topics_keep_timestamps_and_take_what_was_declared(self, tmp_path):
        """Settings of a created target win over ours; the dead letters do not inherit them."""
        config = loaded(
            tmp_path,
            (
                "topic: orders.unified",
                (
                    "topic: orders.unified\n      config: {cleanup.policy: compact, "
                    "max.message.bytes: 5}\n      partitions: 12\n      replication: 1"
                ),
            ),
        )
        (stream,) = compile_plan(config, facts()).streams
        unified, dead = stream.target.creates
        assert unified.config == {
            "message.timestamp.type": "CreateTime",
            "cleanup.policy": "compact",
            "max.message.bytes": "5",
            "retention.ms": "604800000",
            "min.compaction.lag.ms": "86400000",
        }
        assert dead.config == {
            "message.timestamp.type": "CreateTime",
            "max.message.bytes": str(1048588 + 65536),
            "retention.ms": "604800000",
        }
        assert (unified.partitions, unified.replication) == (12, 1)

    def test_created_topics_keep_what_the_sources_keep(self, tmp_path):
        """A created target holds records at least as long as the source that holds them longest."""
        eu = cluster("eu", topic("orders", retention_ms="-1"))
        (stream,) = compile_plan(loaded(tmp_path), facts(eu=eu)).streams
        assert [made.config["retention.ms"] for made in stream.target.creates] == ["-1", "-1"]

    def test_created_topics_take_the_timestamps_that_the_sources_take(self, tmp_path):
        """A record that a source has accepted although it is dated ahead is accepted again."""
        source = topic("orders")
        source = replace(source, config={**source.config, AHEAD: str(30 * 86_400_000)})
        (stream,) = compile_plan(loaded(tmp_path), facts(eu=cluster("eu", source))).streams
        assert {made.config[AHEAD] for made in stream.target.creates} == {str(30 * 86_400_000)}

    def test_existing_topics_and_subjects_are_left_as_they_are(self, tmp_path):
        """What is there is neither created nor registered."""
        hub = cluster("hub", topic("orders.unified", 4), topic("orders.dead", 1))
        registry = RegistryFacts(
            "hub", checks={("orders", "orders.unified-value"): SubjectCheck(7)}
        )
        (stream,) = compile_plan(loaded(tmp_path), facts(hub=hub, hub_registry=registry)).streams
        assert stream.target.creates == ()
        assert stream.target.registers == ()
        assert stream.target.partitions == 4

    @pytest.mark.parametrize(
        ("maximum", "checkpoint", "expected"),
        [
            ("900000", "5s", timedelta(minutes=15)),
            ("86400000", "5s", timedelta(hours=1)),
            ("600000", "1m", timedelta(minutes=10)),
            (None, "5s", timedelta(minutes=15)),
        ],
    )
    def test_transactions_last_as_long_as_is_wise_and_permitted(
        self, tmp_path, maximum, checkpoint, expected
    ):
        """One hour, or the brokers' maximum if that is less."""
        settings = {} if maximum is None else {"transaction.max.timeout.ms": maximum}
        config = loaded(tmp_path, ("state: state", f"state: state, checkpoint: {checkpoint}"))
        (stream,) = compile_plan(config, facts(hub=cluster("hub", settings=settings))).streams
        assert stream.target.transaction_timeout == expected


class TestRefusals:
    def test_all_reasons_are_told_at_once(self, tmp_path):
        """A cluster that is down hides nothing that is wrong with the others."""
        down = cluster(
            "hub", error=Finding("the cluster did not answer", "cluster hub (hub:9092)", "check")
        )
        config = loaded(
            tmp_path, ("topics: [orders]", "topics: [order]"), ("from: total,", "from: totl,")
        )
        found = refusals(config, facts(hub=down))
        assert len(found) == 3
        assert "cluster hub (hub:9092): the cluster did not answer" in found[0].what
        assert pointed_at(found[0]) == 'properties: {bootstrap.servers: "hub:9092"}'
        assert "no topic order" in found[1].what
        assert "totl" in found[2].what

    def test_a_registry_that_does_not_answer(self, tmp_path):
        """The registry's own sentence, at the registry's place."""
        registry = RegistryFacts(
            "eu", error=Finding("the registry does not answer", "http://eu:8081")
        )
        refusal(
            loaded(tmp_path),
            facts(eu_registry=registry),
            "http://eu:8081: the registry does not answer",
            "registry:",
        )

    def test_an_unknown_topic(self, tmp_path):
        """The nearest existing names are offered."""
        config = loaded(tmp_path, ("topics: [orders]", "topics: [ordrs]"))
        refusal(config, facts(), "cluster eu has no topic ordrs", "ordrs", "did you mean orders")

    def test_an_unknown_topic_of_an_empty_cluster(self, tmp_path):
        """With nothing near, what there is is told."""
        refusal(
            loaded(tmp_path), facts(eu=cluster("eu")), "no topic orders", "orders", "there is none"
        )

    def test_a_latest_version_that_cannot_meet_the_contract(self, tmp_path):
        """The contract's field, the reason, and the version that lacks it."""
        broken = {**EU_V1, "fields": EU_V1["fields"][:2]}
        registry = RegistryFacts(
            "eu", versions("orders-value", EU_V1, broken) | versions("orders-key", KEY)
        )
        refusal(
            loaded(tmp_path),
            facts(eu_registry=registry),
            "eu: orders-value version 2 cannot meet the contract: field amount: ",
            "cluster: eu",
        )

    @pytest.mark.parametrize("policy", ["lenient", "ignore", "exception", "evolve", "try_evolve"])
    def test_what_a_running_stream_diverts_does_not_stop_its_next_start(self, tmp_path, policy):
        """A version that came while it ran is refused again only where its records are held."""
        broken = {**EU_V1, "fields": EU_V1["fields"][:2]}
        registry = RegistryFacts(
            "eu", versions("orders-value", EU_V1, broken) | versions("orders-key", KEY)
        )
        config = loaded(
            tmp_path, ("    deduplicate:", f"    on_schema_change: {policy}\n    deduplicate:")
        )
        known = facts(eu_registry=registry, begun=["orders"])
        if policy in {"exception", "evolve"}:
            assert any("cannot meet the contract" in one.what for one in refusals(config, known))
            return
        (said,) = [w for w in compile_plan(config, known).warnings if "cannot meet" in w.what]
        assert said.hint == "its records become dead letters"

    def test_a_lossy_conversion_without_leave(self, tmp_path):
        """Digits are lost only where the rule says so."""
        us = json.loads(json.dumps(US))
        us["fields"][2]["type"] = "double"
        registry = RegistryFacts(
            "us", versions("order_events-value", us) | versions("order_events-key", US_KEY)
        )
        config = loaded(tmp_path, ("{from: total, scale: 2}", "{from: total}"))
        (found,) = refusals(config, facts(us_registry=registry))
        assert "amount" in found.what
        assert pointed_at(found) == "amount: {from: total}"

    def test_a_path_that_no_version_has(self, tmp_path):
        """A mistyped path is refused even where a default would hide it."""
        config = loaded(tmp_path, ("{const: web}", "{from: client.nmae, default: web}"))
        refusal(config, facts(), "client.nmae", "channel:", "client.name")

    @pytest.mark.parametrize(
        "rule",
        [
            "{template: '{id}-{client.nmae}', default: web}",
            "{cel: clinet.name, default: web}",
            "{branch: {by: clinet, cases: {a: id}}, default: web}",
            "{branch: {by: id, cases: {a: clinet}}, default: web}",
        ],
    )
    def test_a_path_within_a_rule_that_no_version_has(self, tmp_path, rule):
        """What templates, expressions and cases read is looked for as well."""
        (found,) = refusals(loaded(tmp_path, ("{const: web}", rule)), facts())
        assert "which no registered schema has" in found.what
        assert "did you mean" in found.hint

    @pytest.mark.parametrize(
        ("cel", "what"),
        [
            ("total + 1.5", "no arithmetic of long and double"),
            ("client", "gives a list, map or record"),
        ],
    )
    def test_an_expression_that_never_fits(self, tmp_path, cel, what):
        """Types that the registered schema decides are refused before anything starts."""
        config = loaded(tmp_path, ("{const: web}", f"{{cel: {cel}}}"))
        refusal(config, facts(), what, "channel:")

    @pytest.mark.parametrize(
        ("where", "what"),
        [
            ("totl >= 0", "there is no totl"),
            ("total", "it is long"),
            ("total > 'a'", "long is never compared to string"),
        ],
    )
    def test_a_filter_that_no_record_answers(self, tmp_path, where, what):
        """A filter of which every record of the latest schema would be a dead letter is refused."""
        config = loaded(tmp_path, ("total >= 0", where))
        refusal(config, facts(), what, f'where: "{where}"'.partition(": ")[2])

    def test_a_path_that_only_one_version_lacks(self, tmp_path):
        """Older schemas may lack what newer ones have, if there is a default."""
        old = {**US, "fields": [*US["fields"]]}
        new = {**US, "fields": [*US["fields"], {"name": "via", "type": "string"}]}
        registry = RegistryFacts(
            "us", versions("order_events-value", old, new) | versions("order_events-key", US_KEY)
        )
        config = loaded(tmp_path, ("{const: web}", "via"))
        (stream,) = compile_plan(config, facts(us_registry=registry)).streams
        kinds = [[f.kind for f in v.report.fields][-1] for v in stream.sources[1].versions]
        assert kinds == ["defaulted", "mapped"]

    def test_a_key_that_delete_markers_cannot_make(self, tmp_path):
        """Delete markers have only their key."""
        config = loaded(tmp_path, ("key: {order_id: id}", "key: {order_id: order}"))
        refusal(
            config,
            facts(),
            "us: order_events-key version 1 cannot make the target key",
            "key: {order_id: order}",
            "key: {",
        )

    def test_keys_do_not_matter_where_delete_markers_are_dropped(self, tmp_path):
        """With tombstones: drop no key is looked at."""
        config = loaded(
            tmp_path,
            ("key: {order_id: id}", "key: {order_id: order}"),
            ("    deduplicate:", "    tombstones: drop\n    deduplicate:"),
        )
        assert compile_plan(config, facts()).warnings == ()

    def test_one_cluster_under_two_aliases(self, tmp_path):
        """Identity is the broker's cluster.id, not the alias."""
        twin = cluster("us", topic("order_events"), cluster_id="cluster-eu")
        refusal(loaded(tmp_path), facts(us=twin), "us and eu are one cluster (cluster-eu)", "us")

    def test_a_stream_that_reads_its_own_target_through_another_alias(self, tmp_path):
        """A loop is found by cluster.id and topic."""
        config = loaded(tmp_path, ("topic: orders.unified", "topic: orders"))
        twin = cluster("hub", topic("orders"), topic("orders.dead"), cluster_id="cluster-eu")
        registry = RegistryFacts("hub", checks={("orders", "orders-value"): SubjectCheck(7)})
        found = refusals(config, facts(hub=twin, hub_registry=registry))
        assert [f.what for f in found] == [
            "hub and eu are one cluster (cluster-eu)",
            "the stream would read its own target orders",
        ]

    def test_two_sources_that_read_one_topic(self, tmp_path):
        """A pattern may not take what another source has."""
        config = loaded(
            tmp_path,
            (
                "      - cluster: us",
                "      - cluster: eu\n        pattern: 'orders.*'\n      - cluster: us",
            ),
        )
        registry = RegistryFacts(
            "eu",
            versions("orders-value", EU_V1)
            | versions("orders-key", KEY)
            | versions("orders_v0-value", EU_V1)
            | versions("orders_v0-key", KEY),
        )
        refusal(
            config,
            facts(eu_registry=registry),
            "topic orders of eu is read by source 1 already",
            "'orders.*'",
        )

    def test_transactions_that_end_before_a_checkpoint(self, tmp_path):
        """Exactly-once needs transactions of at least two checkpoint intervals."""
        hub = cluster("hub", settings={"transaction.max.timeout.ms": "8000"})
        config = loaded(
            tmp_path,
            (
                "key: [order_id]\n    errors",
                "key: [order_id]\n      delivery: exactly-once\n    errors",
            ),
        )
        refusal(
            config,
            facts(hub=hub),
            "end transactions after 8 s",
            "exactly-once",
            "transaction.max.timeout.ms",
        )

    def test_an_existing_target_with_other_partitions(self, tmp_path):
        """Partitions of an existing topic are not changed: keys would move."""
        config = loaded(
            tmp_path, ("topic: orders.unified", "topic: orders.unified\n      partitions: 6")
        )
        hub = cluster("hub", topic("orders.unified", 3), topic("orders.dead"))
        refusal(config, facts(hub=hub), "has 3 partitions, not 6", "6", "partitions: 3")

    def test_topics_that_may_not_be_created(self, tmp_path):
        """Without create each missing topic is an error."""
        config = loaded(
            tmp_path, ("topic: orders.unified", "topic: orders.unified\n      create: false")
        )
        found = refusals(config, facts())
        assert [f.what for f in found] == [
            "cluster hub has no topic orders.unified, and create is false",
            "cluster hub has no topic orders.dead, and create is false",
        ]

    def test_more_replicas_than_brokers(self, tmp_path):
        """A replication factor that the cluster cannot hold is refused before it fails."""
        config = loaded(
            tmp_path, ("topic: orders.unified", "topic: orders.unified\n      replication: 3")
        )
        refusal(config, facts(), "replication 3", "3", "has 1")

    def test_a_contract_that_the_targets_registry_refuses(self, tmp_path):
        """The registry's own reasons are shown, and the level that they come from."""
        check = SubjectCheck(None, None, ("READER_FIELD_MISSING_DEFAULT_VALUE: amount",), "FULL")
        registry = RegistryFacts("hub", checks={("orders", "orders.unified-value"): check})
        refusal(
            loaded(tmp_path),
            facts(hub_registry=registry),
            "refuses the schema for orders.unified-value (FULL): READER_FIELD_MISSING_DEFAULT_VALUE: amount",
            "orders.unified",
        )

    def test_a_subject_that_is_not_avro(self, tmp_path):
        """Another schema language is named, not guessed at."""
        unreadable = {"orders-value": Finding("orders-value version 1 is PROTOBUF, not Avro")}
        registry = RegistryFacts("eu", versions("orders-key", KEY), unreadable=unreadable)
        refusal(
            loaded(tmp_path), facts(eu_registry=registry), "PROTOBUF", "topics: [orders]", "Avro"
        )

    def test_a_start_offset_of_a_partition_that_is_not_there(self, tmp_path):
        """Offsets are given for partitions that exist."""
        config = loaded(
            tmp_path,
            ("topics: [orders]", "topics: [orders]\n        start: {offsets: {orders: {7: 0}}}"),
        )
        refusal(config, facts(), "topic orders has no partition 7", "0", "0 to 2")

    def test_a_target_that_forgets_sooner_than_a_source(self, tmp_path):
        """Old records would be deleted as soon as they are written, unless another time is wanted."""
        eu = cluster("eu", topic("orders", retention_ms="-1"))
        week = (
            "topic: orders.unified",
            "topic: orders.unified\n      config: {retention.ms: 604800000}",
        )
        what, hint = "keeps records for 7 days, a source for ever", "timestamps: clamp"
        refusal(loaded(tmp_path, week), facts(eu=eu), what, "config:", hint)
        hub = cluster("hub", topic("orders.unified"))
        refusal(loaded(tmp_path), facts(eu=eu, hub=hub), what, "orders.unified", hint)
        (stream,) = compile_plan(loaded(tmp_path, CLAMP), facts(eu=eu, hub=hub)).streams
        assert stream.target.times == TimeLimits(604_800_000, None)

    @pytest.mark.parametrize(
        ("config", "expected"),
        [
            ({"retention.ms": "-1", AHEAD: "3600000"}, TimeLimits(None, 3_600_000)),
            ({"cleanup.policy": "compact", AHEAD: str(2**63 - 1)}, TimeLimits(None, None)),
            ({"message.timestamp.before.max.ms": "5000"}, TimeLimits(5_000, None)),
            ({"message.timestamp.type": "LogAppendTime", AHEAD: "5"}, TimeLimits(None, None)),
        ],
    )
    def test_which_timestamps_a_target_takes_and_keeps(self, tmp_path, config, expected):
        """By what its topic says: retention counts where records are deleted by age."""
        target = topic("orders.unified")
        hub = cluster("hub", replace(target, config={**target.config, **config}))
        (stream,) = compile_plan(loaded(tmp_path, CLAMP), facts(hub=hub)).streams
        assert stream.target.times == expected
        assert stream.target.dead_times == TimeLimits(604_800_000, 3_600_000)  # to be created


class TestWarnings:
    def test_an_older_version_that_cannot_meet_the_contract(self, tmp_path):
        """Records of that version become dead letters; the stream runs."""
        broken = {**EU_V1, "fields": EU_V1["fields"][:2]}
        registry = RegistryFacts(
            "eu", versions("orders-value", broken, EU_V2) | versions("orders-key", KEY)
        )
        warning(
            loaded(tmp_path),
            facts(eu_registry=registry),
            "orders-value version 1",
            "cluster: eu",
            "dead letters",
        )

    def test_an_empty_topic(self, tmp_path):
        """An empty source is no mistake, but worth a word."""
        eu = cluster("eu", topic("orders", records=0))
        warning(
            loaded(tmp_path),
            facts(eu=eu),
            "topic orders of cluster eu is empty",
            "topics: [orders]",
            "waits",
        )

    def test_a_pattern_that_matches_nothing(self, tmp_path):
        """Topics may come later; internal ones never count."""
        config = loaded(tmp_path, ("topics: [orders]", "pattern: '.*offsets'"))
        eu = cluster("eu", topic("orders"), topic("__consumer_offsets"))
        warning(
            config, facts(eu=eu), "no topic of cluster eu matches .*offsets", "'.*offsets'", "waits"
        )

    def test_a_topic_without_a_subject(self, tmp_path):
        """Ids may come from a subject of another name."""
        registry = RegistryFacts("eu", versions("orders-key", KEY))
        warning(
            loaded(tmp_path),
            facts(eu_registry=registry),
            "no subject orders-value",
            "topics: [orders]",
            "by id",
        )

    def test_a_topic_without_a_key_subject(self, tmp_path):
        """Delete markers need a key that can be decoded."""
        registry = RegistryFacts("eu", versions("orders-value", EU_V2))
        warning(
            loaded(tmp_path),
            facts(eu_registry=registry),
            "no subject orders-key",
            "cluster: eu",
            "delete markers",
        )

    def test_a_target_that_takes_smaller_records(self, tmp_path):
        """A record that does not fit would stop the stream."""
        hub = cluster(
            "hub", topic("orders.unified", max_message_bytes="1000"), topic("orders.dead")
        )
        warning(
            loaded(tmp_path),
            facts(hub=hub),
            "takes records up to 1000 bytes",
            "orders.unified",
            "1114124",
        )

    def test_a_dead_letter_topic_that_takes_smaller_records(self, tmp_path):
        """Dead letters hold the raw record, so they need the same room."""
        hub = cluster("hub", topic("orders.dead", max_message_bytes="1000"))
        what = "orders.dead takes records up to 1000 bytes"
        warning(loaded(tmp_path), facts(hub=hub), what, "orders.unified", "1114124")

    def test_a_target_that_refuses_timestamps_that_a_source_took(self, tmp_path):
        """Such a record gets the time of writing: that is said, unless the file says it."""
        source, target = topic("orders"), topic("orders.unified")
        eu = cluster("eu", replace(source, config={**source.config, AHEAD: "86400000"}))
        hub = cluster("hub", replace(target, config={**target.config, AHEAD: "3600000"}))
        warning(loaded(tmp_path), facts(eu=eu, hub=hub), "dated up to", "orders.unified", AHEAD)
        config = loaded(tmp_path, CLAMP)
        assert compile_plan(config, facts(eu=eu, hub=hub)).warnings == ()

    def test_a_compacted_target_keeps_what_may_have_to_be_written_again(self, tmp_path):
        """A created one is given a day; an existing one that has less is warned of."""
        config = loaded(
            tmp_path,
            (
                "topic: orders.unified",
                "topic: orders.unified\n      config: {cleanup.policy: compact}",
            ),
        )
        made = {
            one.name: one.config for one in compile_plan(config, facts()).streams[0].target.creates
        }
        assert made["orders.unified"]["min.compaction.lag.ms"] == "86400000"
        assert "min.compaction.lag.ms" not in made["orders.dead"]
        target = topic("orders.unified")
        target = replace(target, config={**target.config, "cleanup.policy": "compact,delete"})
        warning(
            loaded(tmp_path),
            facts(hub=cluster("hub", target)),
            "orders.unified is compacted at once",
            "orders.unified",
            "min.compaction.lag.ms to your longest outage, at least 24 hours",
        )

    def test_a_compacted_target_forgets_nothing(self, tmp_path):
        """Retention does not matter where nothing is deleted by age."""
        config = loaded(
            tmp_path,
            (
                "topic: orders.unified",
                "topic: orders.unified\n      config: {cleanup.policy: compact}",
            ),
        )
        eu = cluster("eu", topic("orders", retention_ms="-1"))
        assert compile_plan(config, facts(eu=eu)).warnings == ()

    def test_a_target_that_replaces_timestamps(self, tmp_path):
        """Timestamps are kept, unless the topic itself overwrites them."""
        hub = cluster(
            "hub",
            topic("orders.unified", message_timestamp_type="LogAppendTime"),
            topic("orders.dead"),
        )
        warning(
            loaded(tmp_path),
            facts(hub=hub),
            "replaces the records' timestamps",
            "orders.unified",
            "CreateTime",
        )

    def test_settings_that_an_existing_target_does_not_have(self, tmp_path):
        """Settings are for created topics; a difference is shown."""
        config = loaded(
            tmp_path,
            (
                "topic: orders.unified",
                "topic: orders.unified\n      config: {cleanup.policy: compact}",
            ),
        )
        hub = cluster("hub", topic("orders.unified"), topic("orders.dead"))
        warning(config, facts(hub=hub), "cleanup.policy=delete, not compact", "compact")


class TestUids:
    def test_uids_never_change(self):
        """State of running streams hangs on these very texts."""
        assert uids.source("cluster-eu", ["b", "a"]) == "source-fccf3885"
        assert uids.source("cluster-eu", [], "orders.*") == "source-03fe487f"
        assert uids.step("python", "source-fccf3885") == "python-fccf3885"
        assert (uids.DEDUPLICATE, uids.SINK) == ("deduplicate", "sink")
        assert uids.transactional_prefix("shop", "orders") == "fed.shop.orders"

    def test_uids_depend_on_what_is_read_alone(self):
        """Order of topics does not matter; cluster, topics and patterns do."""
        assert uids.source("c", ["a", "b"]) == uids.source("c", ["b", "a"])
        different = {
            uids.source("c", ["a"]),
            uids.source("d", ["a"]),
            uids.source("c", ["a", "b"]),
            uids.source("c", ["ab"]),
            uids.source("c", [], "a"),
        }
        assert len(different) == 5

    def test_aliases_and_places_do_not_name_state(self, tmp_path):
        """Renaming an alias keeps the uid of its source."""
        (before,) = compile_plan(loaded(tmp_path), facts()).streams
        renamed = facts()
        known = replace(
            renamed,
            clusters={**renamed.clusters, "europe": renamed.clusters["eu"]},
            registries={**renamed.registries, "europe": renamed.registries["eu"]},
        )
        config = loaded(
            tmp_path, ("  eu:\n", "  europe:\n"), ("cluster: eu\n", "cluster: europe\n")
        )
        (after,) = compile_plan(config, known).streams
        assert [s.uid for s in after.sources] == [s.uid for s in before.sources]


def _moved(plan, before: str, after: str):
    """The plan as if its files lay elsewhere: a long path would break other lines."""

    def there(path) -> str:
        return str(path).replace(before, after)

    streams = [replace(one, contract_file=there(one.contract_file)) for one in plan.streams]
    return replace(
        plan,
        config_file=there(plan.config_file),
        streams=tuple(streams),
        run=replace(plan.run, state=Path(there(plan.run.state))),
        warnings=tuple(replace(one, where=there(one.where)) for one in plan.warnings),
    )


class TestExplain:
    def test_the_text_is_what_a_person_reads(self, tmp_path):
        """The whole text of a plan, at 100 columns and without colours."""
        eu = cluster("eu", topic("orders", records=0))
        plan = _moved(compile_plan(loaded(tmp_path), facts(eu=eu)), str(tmp_path), "/shop")
        text = _text(plan)
        golden = Path(__file__).parent / "data" / "plan.txt"
        assert text == golden.read_text()

    def test_no_line_is_wider_than_the_page(self, tmp_path):
        """100 columns are enough; only the names of files may need more."""
        plan = compile_plan(loaded(tmp_path), facts())
        lines = _text(plan).replace(str(tmp_path), "").splitlines()
        assert max(map(len, lines)) <= 100

    def test_secrets_are_in_the_plan_and_in_no_output(self, tmp_path):
        """Passwords reach the engine, never a person."""
        plan = compile_plan(loaded(tmp_path), facts())
        shown = _text(plan) + json.dumps(to_json(plan))
        assert "hunter" in plan.streams[0].sources[1].cluster.properties["sasl.jaas.config"]
        assert "hunter" not in shown
        assert "***" in shown

    def test_the_json_says_all_that_was_decided(self, tmp_path):
        """Programs get a version, spans in seconds and every field's origin."""
        document = json.loads(json.dumps(to_json(compile_plan(loaded(tmp_path), facts()))))
        (stream,) = document["streams"]
        assert document["version"] == 1
        assert stream["deduplicate"]["window_seconds"] == 86400
        assert stream["target"]["transaction_timeout_seconds"] == 900
        assert stream["sources"][1]["versions"][0]["fields"][1] == {
            "field": "customer",
            "kind": "mapped",
            "from": "client.name",
            "conversion": "",
            "lossy": False,
        }
        assert stream["sources"][0]["versions"][1]["dropped"] == ["note"]


def _text(plan) -> str:
    out = io.StringIO()
    console = Console(file=out, width=100, color_system=None)
    for part in render(plan):
        console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


ENRICH = """\
import os
def change(record):
    record["customer"] = record["customer"].title()
    return record
def fails(record):
    raise KeyError(record["channel"])
def forgets(record):
    record["customer"] = "x"
def moody(record):
    return {**record, "customer": os.urandom(4).hex()}
"""


class TestTransform:
    """The Python function of a stream."""

    def config(self, folder, name):
        """A configuration with this transform."""
        (folder / "enrich_orders.py").write_text(ENRICH)
        at = "    deduplicate: {key"
        given = f"    transform: {{python: {name}}}\n{at}"
        return loaded(folder, (at, given))

    def test_without_one_the_plan_has_none(self, tmp_path):
        """A stream that names no function has none, also where costs are asked for."""
        (stream,) = compile_plan(loaded(tmp_path), facts(), measured=True).streams
        assert stream.transform is None

    def test_it_is_found_and_measured(self, tmp_path):
        """The plan names function and cost, and says both to people and programs."""
        plan = compile_plan(self.config(tmp_path, "enrich_orders:change"), facts(), measured=True)
        (stream,) = plan.streams
        assert stream.transform.folder == tmp_path
        assert stream.transform.cost.refused == 0
        assert plan.warnings == ()
        out = io.StringIO()
        Console(file=out, width=200).print(*render(plan))
        assert re.search(
            r"transform +enrich_orders:change in Python, on records; measured here: [\d.]+ µs a "
            r"record, [\d.]+ of them for the change of form, so up to [\d,]+ records/s",
            out.getvalue(),
        )
        cost = to_json(plan)["streams"][0]["transform"]["cost"]
        assert cost["records_per_second_per_core"] > 0

    def test_it_is_not_called_where_costs_are_not_asked_for(self, tmp_path):
        """Other commands than plan import the function and do not run it."""
        (stream,) = compile_plan(self.config(tmp_path, "enrich_orders:fails"), facts()).streams
        assert stream.transform.cost is None

    @pytest.mark.parametrize(
        ("name", "what"),
        [
            ("enrich_orders:nothing", "module `enrich_orders` has no function `nothing`"),
            ("enrich_nothing:change", "there is no module `enrich_nothing`"),
        ],
    )
    def test_what_is_not_there_is_refused(self, tmp_path, name, what):
        """A function that cannot be found is an error at its place in the file."""
        refusal(self.config(tmp_path, name), facts(), what, name)

    @pytest.mark.parametrize(
        ("name", "what", "hint"),
        [
            ("fails", "fails on", "the first: transform/raised: KeyError"),
            ("forgets", "returns None for each of", "return those that go on"),
            ("moody", "gives other answers when it is asked again", "verify asks again"),
        ],
    )
    def test_what_is_odd_is_told(self, tmp_path, name, what, hint):
        """A function that fails, forgets its record or is unsteady is a warning at its place."""
        config = self.config(tmp_path, f"enrich_orders:{name}")
        (found,) = compile_plan(config, facts(), measured=True).warnings
        assert what in found.what
        assert hint in found.hint
        assert pointed_at(found).startswith("enrich_orders")
