from django.urls import URLPattern, path

from offboarding.web.emergency import afterwards, seconds, status, views

urlpatterns: list[URLPattern] = [
    path("emergency/", views.emergency, name="emergency"),
    path("emergency/seen/", views.seen, name="emergency_seen"),
    path("emergency/asks/<int:pk>/", seconds.ask, name="emergency_ask"),
    path("emergency/R-<int:number>/", status.status, name="emergency_status"),
    path("emergency/R-<int:number>/keys/", afterwards.keys, name="emergency_keys"),
    path("emergency/R-<int:number>/review/", afterwards.review, name="emergency_review"),
]
