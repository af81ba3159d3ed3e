from django.urls import include, path

from offboarding.api import urls as api
from offboarding.demo import urls as demo
from offboarding.web import urls as web
from offboarding.web.account import urls as account

urlpatterns = [
    *account.closed,
    # Not `allauth.urls`: its pages for signing in elsewhere take parameters from the address, link whoever is signed in, and
    # let a person link a second account. Ours are in web/signin.
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/sessions/", include("allauth.usersessions.urls")),
    *web.urlpatterns,
    *api.urlpatterns,
    *demo.urlpatterns,
]
handler400 = "offboarding.web.errors.bad_request"
handler403 = "offboarding.web.errors.forbidden"
handler404 = "offboarding.web.errors.not_found"
handler500 = "offboarding.web.errors.server_error"
