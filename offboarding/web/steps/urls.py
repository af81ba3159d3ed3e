from django.urls import URLPattern, path

from offboarding.web.steps import logins, old_tokens, reveal, views

STEP = "requests/R-<int:number>/steps/<int:step>/"

urlpatterns: list[URLPattern] = [
    path(STEP, views.step, name="step"),
    path(f"{STEP}sign-off/", views.sign_off, name="step_sign_off"),
    path(f"{STEP}proofs/<int:proof>/remove/", views.remove_proof, name="step_remove_proof"),
    path(f"{STEP}retry/", views.retry, name="step_retry"),
    path(f"{STEP}by-hand/", views.by_hand, name="step_by_hand"),
    path(f"{STEP}assign/", views.assign, name="step_assign"),
    path(f"{STEP}undo/", views.undo, name="step_undo"),
    path(f"{STEP}skip/", views.skip, name="step_skip"),
    path(f"{STEP}login/", logins.enter, name="step_login"),
    path(f"{STEP}old-token/", old_tokens.try_token, name="step_old_token"),
    path(f"{STEP}key/", reveal.show, name="step_key"),
    path(f"{STEP}key/ask/", reveal.ask, name="step_key_ask"),
    path(f"{STEP}key/take/", reveal.take, name="step_key_take"),
    path(f"{STEP}key/add/", reveal.add, name="step_key_add"),
    path(f"{STEP}key/lost/", reveal.lost, name="step_key_lost"),
]
