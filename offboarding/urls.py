from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path

from offboarding.demo import urls as demo
from offboarding.web import urls as web

# An administrator gives addresses: who could change their own could take another's place, or read what is about themself.
CLOSED = {
    "email/": "closed_email",
    "confirm-email/": "closed_confirm_email",
    "confirm-email/<path:key>": "closed_confirm_email_key",
    "login/code/confirm/": "closed_login_code",
    "signup/": "closed_signup",
}


def closed(_request: HttpRequest, **_: str) -> HttpResponse:
    raise Http404


urlpatterns = [
    *(path(f"account/{each}", closed, name=name) for each, name in CLOSED.items()),
    path("account/", include("allauth.urls")),
    *web.urlpatterns,
    *demo.urlpatterns,
]
handler400 = "offboarding.web.errors.bad_request"
handler403 = "offboarding.web.errors.forbidden"
handler404 = "offboarding.web.errors.not_found"
handler500 = "offboarding.web.errors.server_error"
