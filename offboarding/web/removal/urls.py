from django.urls import URLPattern, path

from offboarding.web.removal import attaching, changes, restore, steer, views

urlpatterns: list[URLPattern] = [
    path("requests/R-<int:number>/", views.access, name="removal"),
    path("requests/R-<int:number>/checklist/", views.checklist, name="removal_checklist"),
    path("requests/R-<int:number>/timeline/", views.timeline, name="removal_timeline"),
    path("requests/R-<int:number>/evidence/", views.evidence, name="removal_evidence"),
    path("requests/R-<int:number>/change/", changes.change, name="removal_change"),
    path("requests/R-<int:number>/attachments/", attaching.files, name="removal_files"),
    path(
        "requests/R-<int:number>/attachments/<int:pk>/remove/", attaching.take_back, name="removal_file_back"
    ),
    path("requests/R-<int:number>/withdraw/", changes.withdraw, name="removal_withdraw"),
    path("requests/R-<int:number>/ask-again/", changes.ask_again, name="removal_ask_again"),
    path("requests/R-<int:number>/restore/", restore.restore, name="removal_restore"),
    path("requests/R-<int:number>/pause/", steer.pause, name="removal_pause"),
    path("requests/R-<int:number>/resume/", steer.resume, name="removal_resume"),
    path("requests/R-<int:number>/cancel-rest/", steer.cancel_rest, name="removal_cancel_rest"),
    path("requests/R-<int:number>/questions/<int:question>/answer/", changes.answer, name="removal_answer"),
]
