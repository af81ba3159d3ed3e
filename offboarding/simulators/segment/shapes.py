"""From a world file's short entries to records in the shape that the API shows.

Names that begin with an underscore are the simulator's own and never leave it. Shapes: models of
Segment's official Python SDK.
"""

from collections.abc import Callable
from typing import Any

from offboarding.simulators import ids
from offboarding.simulators.clock import iso, span
from offboarding.simulators.segment.rows import Json

SOURCE_KINDS = {
    "javascript": ("IqDTy1TpoU", "Javascript", False),
    "server": ("4IkrWqVPKm", "Node.js", False),
    "mobile": ("d4bA7nVfQx", "iOS", False),
    "http": ("iUM16Md8P2", "HTTP API", False),
    "cloud": ("5hXfP2zLmR", "Salesforce", True),
}
DESTINATION_KINDS = {
    "webhook": ("614a3c7d791c91c41bae7599", "Webhooks (Actions)"),
    "analytics": ("54521fd525e721e32a72ee91", "Amplitude"),
    "ads": ("5cb607cbe95b1b0001a6cd1f", "Facebook Conversions API"),
    "email": ("54521fd625e721e32a72eead", "Braze Cloud Mode"),
    "ads-audience": ("5d1994fb320116000112aa12", "Google Ads"),
}
DESTINATION_METADATA: Json = {
    "status": "PUBLIC",
    "previousNames": [],
    "categories": ["Analytics"],
    "website": "https://destination.example",
    "components": [],
    "supportedFeatures": {"cloudModeInstances": "MULTIPLE", "deviceModeInstances": "NONE", "replay": False},
    "supportedMethods": {"pageview": True, "identify": True, "alias": False, "track": True, "group": True},
    "supportedPlatforms": {"browser": True, "server": True, "mobile": True},
    "actions": [],
    "presets": [],
}
WAREHOUSE_KINDS = {
    "snowflake": ("tdRLfbuYXq", "Snowflake"),
    "redshift": ("aea3c55dsz", "Redshift"),
    "bigquery": ("itMgZ7cNKU", "BigQuery"),
    "postgres": ("dEh4bWxKpQ", "Postgres"),
}
MASKED = "••••••••"
SECRETS = ("password", "privateKey", "privateKeyPassphrase", "authorization", "apiKey", "sharedSecret")


def slug(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def masked(settings: Json, mask: str = MASKED) -> Json:
    """Settings with secret values replaced, on every level."""
    out: Json = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            out[name] = masked(value, mask)
        else:
            out[name] = mask if name in SECRETS and value else value
    return out


def metadata(key: str, name: str, **more: Any) -> Json:
    logos = {"default": f"https://cdn.example/{slug(name)}.svg"}
    text = f"{name} in Segment's catalogue."
    return {
        "id": key,
        "name": name,
        "slug": slug(name),
        "description": text,
        "logos": logos,
        "options": [],
        **more,
    }


class Shapes:
    """Expands the entries of one workspace. Spans such as `"12d"` count back from `epoch`."""

    def __init__(self, workspace_id: str, epoch: float) -> None:
        self._workspace_id = workspace_id
        self._epoch = epoch

    def of(self, table: str) -> Callable[[Json], Json]:
        made: Callable[[Json], Json] = getattr(self, table)
        return made

    def ago(self, entry: Json, name: str, default: str) -> str:
        return iso(self._epoch - span(entry.get(name, default)))

    def key(self, table: str, entry: Json, length: int = ids.ID_LENGTH) -> str:
        name = entry.get("slug") or entry.get("name") or entry.get("email")
        return str(entry.get("id") or ids.derived(length, self._workspace_id, table, name))

    def sources(self, entry: Json) -> Json:
        key = self.key("sources", entry)
        meta_id, meta_name, cloud = SOURCE_KINDS[entry.get("kind", "javascript")]
        keys = entry.get("writeKeys") or [
            ids.write_key(key, n) for n in range(0 if cloud else entry.get("keys", 1))
        ]
        meta = metadata(meta_id, meta_name, categories=["Website"], isCloudEventSource=cloud, status="PUBLIC")
        return {
            "id": key,
            "slug": entry.get("slug") or slug(entry["name"]),
            "name": entry["name"],
            "metadata": meta,
            "workspaceId": self._workspace_id,
            "enabled": entry.get("enabled", True),
            "writeKeys": keys,
            "settings": entry.get("settings", {}),
            "labels": entry.get("labels", []),
            "_rate": entry.get("rate", 900),
            "_serial": len(keys),
        }

    def destinations(self, entry: Json) -> Json:
        meta_id, meta_name = DESTINATION_KINDS[entry.get("kind", "analytics")]
        return {
            "id": self.key("destinations", entry, 24),
            "name": entry["name"],
            "enabled": entry.get("enabled", True),
            "metadata": metadata(meta_id, meta_name, **DESTINATION_METADATA),
            "sourceId": entry["source"],
            "settings": entry.get("settings", {}),
        }

    def warehouses(self, entry: Json) -> Json:
        meta_id, meta_name = WAREHOUSE_KINDS[entry.get("kind", "snowflake")]
        return {
            "id": self.key("warehouses", entry),
            "metadata": metadata(meta_id, meta_name),
            "workspaceId": self._workspace_id,
            "enabled": entry.get("enabled", True),
            "settings": {"name": entry["name"], **entry.get("settings", {})},
            "_sources": entry.get("sources", []),
            "_credential": entry.get("credential"),
            "_state": entry.get("state", "CONNECTED"),
        }

    def credentials(self, entry: Json) -> Json:
        return {
            "id": entry.get("id")
            or "cred_" + ids.derived(27, self._workspace_id, "credentials", entry["name"]),
            "workspaceId": self._workspace_id,
            "name": entry["name"],
            "settings": entry["settings"],
            "createdAt": self.ago(entry, "created", "150d"),
            "updatedAt": self.ago(entry, "updated", "40d"),
            "_sources": entry.get("sources", []),
        }

    def functions(self, entry: Json) -> Json:
        name = entry["name"]
        return {
            "id": self.key("functions", entry),
            "resourceType": entry.get("type", "DESTINATION"),
            "createdAt": self.ago(entry, "created", "120d"),
            "createdBy": ids.account_id(entry["by"]),
            "displayName": name,
            "description": entry.get("description", ""),
            "logoUrl": "https://cdn.example/function.svg",
            "catalogId": ids.derived(24, self._workspace_id, "catalog", name),
            "_code": entry.get(
                "code", f"// {name}\nasync function onTrack(event, settings) {{\n  return event\n}}\n"
            ),
            "_deployed": self.ago(entry, "deployed", "60d"),
            "_settings": entry.get("settings", []),
        }

    def spaces(self, entry: Json) -> Json:
        name = entry["name"]
        return {"id": self.key("spaces", entry), "slug": entry.get("slug") or slug(name), "name": name}

    def audiences(self, entry: Json) -> Json:
        trait = self.traits(entry)
        return {
            **trait,
            "audienceType": "USERS",
            "computeCadence": {"type": "BATCH"},
            "size": entry.get("size", {}),
        }

    def traits(self, entry: Json) -> Json:
        by: str = entry["by"]
        changed_by: str = entry.get("updatedBy", by)
        return {
            "id": self.key("traits", {**entry, "name": f"{entry['space']} {entry['name']}"}),
            "spaceId": entry["space"],
            "name": entry["name"],
            "description": entry.get("description", ""),
            "key": slug(entry["name"]).replace("-", "_"),
            "enabled": entry.get("enabled", True),
            "status": "Live",
            "definition": {
                "type": "users",
                "query": entry.get("query", "event('Order Completed').count() >= 1"),
            },
            "createdBy": ids.account_id(by),
            "updatedBy": ids.account_id(changed_by),
            "createdAt": self.ago(entry, "created", "100d"),
            "updatedAt": self.ago(entry, "updated", "30d"),
        }

    def tracking_plans(self, entry: Json) -> Json:
        name = entry["name"]
        return {
            "id": "tp_" + self.key("tracking plans", entry, 24),
            "name": name,
            "slug": slug(name),
            "description": entry.get("description", ""),
            "type": entry.get("type", "LIVE"),
            "createdAt": self.ago(entry, "created", "300d"),
            "updatedAt": self.ago(entry, "updated", "20d"),
            "_sources": entry.get("sources", []),
            "_rules": entry.get("rules", ["Order Completed", "Signed Up", "Page Viewed"]),
        }

    def transformations(self, entry: Json) -> Json:
        return {
            "id": self.key("transformations", entry),
            "name": entry["name"],
            "sourceId": entry["source"],
            "enabled": entry.get("enabled", True),
            "if": entry.get("if", "event = 'Order Completed'"),
            "drop": False,
        }

    def filters(self, entry: Json) -> Json:
        return {
            "id": self.key("filters", entry),
            "workspaceId": self._workspace_id,
            "integrationId": entry["destination"],
            "name": entry["name"],
            "enabled": entry.get("enabled", True),
            "if": entry.get("if", "all"),
            "drop": True,
            "createdAt": self.ago(entry, "created", "80d"),
            "updatedAt": self.ago(entry, "updated", "80d"),
        }

    def models(self, entry: Json) -> Json:
        return {
            "id": self.key("models", entry),
            "sourceId": entry["source"],
            "name": entry["name"],
            "description": entry.get("description", ""),
            "enabled": True,
            "query": entry.get("query", "select * from customers"),
            "queryIdentifierColumn": "id",
        }

    def profiles_warehouses(self, entry: Json) -> Json:
        made = self.warehouses({"kind": "snowflake", **entry})
        return {**made, "spaceId": entry["space"], "schemaName": entry.get("schema", "profiles")}
