from django.urls import URLPattern, path

from offboarding.web.decide import views

urlpatterns: list[URLPattern] = [
    path("requests/R-<int:number>/approve/", views.approve, name="approve"),
    path("requests/R-<int:number>/approve/confirm/", views.confirm, name="approve_confirm"),
]
