"""Every page, by noun. Addresses are part of the product: people bookmark and quote them."""

from __future__ import annotations

from django.urls import URLPattern

from offboarding.web.account import urls as account
from offboarding.web.audit import urls as audit
from offboarding.web.clients import urls as clients
from offboarding.web.collaborators import urls as collaborators
from offboarding.web.decide import urls as decide
from offboarding.web.delegations import urls as delegations
from offboarding.web.emergency import urls as emergency
from offboarding.web.engine import urls as engine
from offboarding.web.evidence import urls as evidence
from offboarding.web.filing import urls as filing
from offboarding.web.followups import urls as followups
from offboarding.web.keys import urls as keys
from offboarding.web.letters import urls as letters
from offboarding.web.messages import urls as messages
from offboarding.web.people import urls as people
from offboarding.web.policies import urls as policies
from offboarding.web.population import urls as population
from offboarding.web.removal import urls as removal
from offboarding.web.retention import urls as retention
from offboarding.web.settings import urls as settings
from offboarding.web.setup import urls as setup
from offboarding.web.share import urls as share
from offboarding.web.signin import urls as signin
from offboarding.web.start import urls as start
from offboarding.web.steps import urls as steps
from offboarding.web.trail import urls as trail
from offboarding.web.verify import urls as verify
from offboarding.web.ways import urls as ways
from offboarding.web.work import urls as work

urlpatterns: list[URLPattern] = [
    *account.urlpatterns,
    *delegations.urlpatterns,
    *signin.urlpatterns,
    *work.urlpatterns,
    *followups.urlpatterns,
    *filing.urlpatterns,
    *removal.urlpatterns,
    *decide.urlpatterns,
    *steps.urlpatterns,
    *emergency.urlpatterns,
    *evidence.urlpatterns,
    *verify.urlpatterns,
    *share.urlpatterns,
    *audit.urlpatterns,
    *population.urlpatterns,
    *messages.urlpatterns,
    *letters.urlpatterns,
    *start.urlpatterns,
    *settings.urlpatterns,
    *setup.urlpatterns,
    *trail.urlpatterns,
    *people.urlpatterns,
    *policies.urlpatterns,
    *ways.urlpatterns,
    *clients.urlpatterns,
    *retention.urlpatterns,
    *collaborators.urlpatterns,
    *keys.urlpatterns,
    *engine.urlpatterns,
]
