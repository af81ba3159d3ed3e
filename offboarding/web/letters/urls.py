from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.letters import copies, releasing, views, words

LETTERS = "requests/R-<int:number>/letters/"
SET_UP = "setup/clients/<int:pk>/letters/"

urlpatterns: list[URLPattern] = [
    path(f"{LETTERS}write/", views.write, name="letter_write"),
    path(f"{LETTERS}<int:letter>/", views.letter, name="letter"),
    path(f"{LETTERS}<int:letter>/edit/", views.edit, name="letter_edit"),
    path(f"{LETTERS}<int:letter>/again/", views.again, name="letter_again"),
    path(f"{LETTERS}<int:letter>/approve/", releasing.approve, name="letter_approve"),
    path(f"{LETTERS}<int:letter>/send/", releasing.send, name="letter_send"),
    path(f"{LETTERS}<int:letter>/withdraw/", releasing.withdraw, name="letter_withdraw"),
    path(f"{LETTERS}<int:letter>/copies/<int:copy>/again/", copies.copy_again, name="letter_copy_again"),
    path(
        f"{LETTERS}<int:letter>/copies/<int:copy>/arrived/", copies.copy_arrived, name="letter_copy_arrived"
    ),
    path(SET_UP, words.terms, name="letter_terms"),
    path(f"{SET_UP}<slug:kind>/", words.words, name="letter_words"),
]
