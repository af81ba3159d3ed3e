from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "offboarding.evidence"

    def ready(self) -> None:
        from offboarding.evidence.checkpoints import to_bucket
        from offboarding.ledger import outside

        outside.PLACES["bucket"] = to_bucket
