"""Every table either stays as it was written, or is named here with the reason why its rows change."""

from __future__ import annotations

from django.apps import apps

from offboarding.ledger.management.commands.limit_web_role import NEVER_CHANGED, WRITTEN_ONCE
from offboarding.retention.guards import RECORD
from tests.house.source import listing

# Triggers of their own, made by migrations.
OWN = {*WRITTEN_ONCE, *NEVER_CHANGED, "approvals_policyversion"}
MAY_CHANGE = {
    "it is work on its way, and its state moves": (
        "discovery_look execution_run letters_delivery notifications_message packets_packet packets_redaction "
        "reports_check retention_evidencecheck retention_extension retention_purge trail_harvest stamps_stamping ledger_delivery"
    ),
    "it moves from stage to stage, and each move is in the ledger": (
        "removals_removalrequest removals_place removals_batch removals_batchrow removals_attachment letters_letter "
        "emergencies_emergency emergencies_hold emergencies_ask emergencies_turn emergencies_review emergencies_brake "
        "approvals_asking approvals_delegation retention_legalhold connections_wanted directory_proposal"
    ),
    "somebody keeps it true: each change is in the ledger": (
        "approvals_policy connections_workspace connections_coverage connections_owner directory_client "
        "directory_engagement directory_membership directory_collaborator directory_collaborator_engagements directory_address "
        "users_user users_signinprovider"
    ),
    "it ends, or is used once": ("execution_secret packets_share users_apikey"),
    "it is where something has got to, or is counted from the record": (
        "ledger_head ledger_tile trail_copy notifications_cursor work_beat work_lost work_slot work_standstill"
    ),
    "it is of Django and django-allauth, and no record": (
        "account_emailaddress account_emailconfirmation auth_group auth_group_permissions auth_permission "
        "django_content_type django_session mfa_authenticator socialaccount_socialaccount socialaccount_socialapp "
        "socialaccount_socialtoken usersessions_usersession"
    ),
}


def test_every_table_stays_as_written_or_says_why_not() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    named = [name for names in MAY_CHANGE.values() for name in names.split()]
    kept = [*OWN, *(each.model._meta.db_table for each in RECORD)]
    assert {*named, *kept} == tables, listing(sorted({*named, *kept} ^ tables))
    assert len({*named, *kept}) == len(named) + len(kept), "a table is named once"
