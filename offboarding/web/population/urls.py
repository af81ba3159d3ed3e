from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.population import exports, printing, views

HERE = "reports/population/"
urlpatterns: list[URLPattern] = [
    path(HERE, views.population, name="population"),
    path(f"{HERE}copy/", views.copy, name="population_copy"),
    path(f"{HERE}export/", exports.export, name="population_export"),
    path(f"{HERE}print/", printing.as_page, name="population_print"),
    path(f"{HERE}export.csv", exports.as_csv, name="population_csv"),
    path(f"{HERE}export.xlsx", exports.as_xlsx, name="population_xlsx"),
    path(f"{HERE}sample.zip", exports.sample, name="population_sample"),
]
