from django.urls import include, path

from offboarding.demo import urls as demo
from offboarding.web import urls as web
from offboarding.web.account import urls as account

urlpatterns = [
    *account.closed,
    path("account/", include("allauth.urls")),
    *web.urlpatterns,
    *demo.urlpatterns,
]
handler400 = "offboarding.web.errors.bad_request"
handler403 = "offboarding.web.errors.forbidden"
handler404 = "offboarding.web.errors.not_found"
handler500 = "offboarding.web.errors.server_error"
