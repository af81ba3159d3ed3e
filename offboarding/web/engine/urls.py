from django.urls import URLPattern, path

from offboarding.web.engine import views

urlpatterns: list[URLPattern] = [
    path("setup/engine/", views.engine, name="engine"),
    path("setup/engine/go-on/", views.go_on, name="engine_go_on"),
    path("setup/engine/packets/<int:pk>/again/", views.packet_again, name="engine_packet_again"),
    path("setup/engine/looks/<int:pk>/again/", views.look_again, name="engine_look_again"),
]
