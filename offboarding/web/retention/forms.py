from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as lazy

from offboarding.directory.frameworks import FRAMEWORKS, LEAST, MOST
from offboarding.directory.models import Client
from offboarding.directory.queries import years_of
from offboarding.web.cards import FieldCard, OptionCard
from offboarding.web.retention.cards import in_years


class KeepingForm(forms.Form):
    frameworks = forms.MultipleChoiceField(
        label=lazy("Audited by"),
        help_text=lazy("The longest of those that you tick is the least. The contract may ask for more."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(code, each.name) for code, each in FRAMEWORKS.items()],
        error_messages={"invalid_choice": lazy("Choose from the list.")},
    )
    years = forms.TypedChoiceField(
        label=lazy("Keep records for"),
        coerce=int,
        choices=[(str(years), "") for years in range(LEAST, MOST + 1)],
        error_messages={
            "required": lazy("Choose for how long."),
            "invalid_choice": lazy("Choose from the list."),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["years"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(years), in_years(years)) for years in range(LEAST, MOST + 1)]

    def framework_field(self) -> FieldCard:
        """Each with its years and where the figure comes from."""
        bound = self["frameworks"]
        ticked = {str(each) for each in (bound.value() or ())}
        options = tuple(
            OptionCard(each.code, f"{each.name}, {in_years(each.years)}", each.code in ticked, each.why)
            for each in FRAMEWORKS.values()
        )
        return FieldCard.of(bound, options=options)


def keeping_now(client: Client) -> dict[str, Any]:
    """What the fields would show if the form were opened now."""
    return {"frameworks": client.frameworks, "years": str(min(years_of(client), MOST))}
