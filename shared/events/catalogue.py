"""The contracts as documents: JSON Schema and an example per type, and AsyncAPI 3.0 of the topics.

`python -m shared.events.catalogue` writes them; a test fails while they are not current.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec

from shared.events.registry import EVENTS, encode
from shared.events.samples import samples
from shared.topics import TOPICS, TopicSpec, topic_of

ROOT = Path(__file__).parents[2]
SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> dict[Path, bytes]:
    """What every generated file should hold, by its path from the top of the project."""
    files: dict[Path, bytes] = {}
    examples = samples()
    for name in EVENTS:
        files[Path("shared/events/schemas") / f"{_stem(name)}.json"] = _pretty(schema(name))
        files[Path("shared/events/examples") / f"{_stem(name)}.json"] = _pretty(
            msgspec.json.decode(encode(examples[name]))
        )
    files[Path("docs/asyncapi.json")] = _pretty(asyncapi())
    return files


def schema(event_type: str) -> dict[str, Any]:
    """The JSON Schema of one event type."""
    return {
        "$schema": SCHEMA_DIALECT,
        "$id": f"urn:ronda:event:{event_type}",
        "title": event_type,
        **msgspec.json.schema(EVENTS[event_type]),
    }


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: each topic with its key, retention, writers, readers and messages."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ronda events",
            "version": "1.0.0",
            "description": "CloudEvents 1.0, structured JSON, as the value of each Kafka record.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {
            f"{service}.{action}.{topic.name}": {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic.name}"},
            }
            for topic in TOPICS
            for action, services in (("send", topic.writers), ("receive", topic.readers))
            for service in sorted(services)
        },
    }


def _channel(topic: TopicSpec) -> dict[str, Any]:
    kept = "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms // 86_400_000} days"
    types = [name for name in EVENTS if topic_of(name) is topic]
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}. Kept {kept}.",
        "messages": {
            name: {
                "name": name,
                "payload": {"$ref": f"../shared/events/schemas/{_stem(name)}.json"},
            }
            for name in types
        },
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "retention.ms": topic.retention_ms,
                    "cleanup.policy": ["delete"],
                },
            }
        },
    }


def _stem(event_type: str) -> str:
    return event_type.removeprefix("ronda.")


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def write(root: Path = ROOT) -> list[Path]:
    """Writes what is not current and removes what no type stands behind; returns what changed."""
    changed = []
    wanted = documents()
    for path, content in wanted.items():
        target = root / path
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed.append(path)
    for folder in ("shared/events/schemas", "shared/events/examples"):
        for stray in (root / folder).glob("*.json"):
            if stray.relative_to(root) not in wanted:
                stray.unlink()
                changed.append(stray.relative_to(root))
    return changed


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in write())
