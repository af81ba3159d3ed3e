from django.urls import URLPattern, path

from offboarding.web.messages import views

MESSAGES = "requests/R-<int:number>/messages/"

urlpatterns: list[URLPattern] = [
    path(MESSAGES, views.listing, name="messages"),
    path(f"{MESSAGES}<int:message>/again/", views.again, name="message_again"),
]
