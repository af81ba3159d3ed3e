from django.urls import URLPattern, path

from offboarding.web.engine import views

urlpatterns: list[URLPattern] = [
    path("setup/engine/", views.engine, name="engine"),
    path("setup/engine/go-on/", views.go_on, name="engine_go_on"),
    path("setup/engine/<slug:name>/<int:pk>/again/", views.again, name="engine_again"),
]
