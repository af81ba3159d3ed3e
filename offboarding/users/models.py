"""People who sign in here."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now

from offboarding.lib import canonical


class UserManager(BaseUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """In small letters, as django-allauth looks for it when somebody signs in."""
        return (email or "").strip().lower()

    def create_user(self, email: str, name: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), name=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A user signs in here; a collaborator is whose access goes. One person can be both."""

    class Theme(models.TextChoices):
        SYSTEM = "system", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    email = models.EmailField(max_length=254, unique=True)
    # Addresses that were theirs before an administrator put another one right. Nobody signs in at them.
    former = models.JSONField(null=True, blank=True, editable=False)
    # Administered something here once and does not any more: see `directory.two`.
    administered = models.BooleanField(null=True, editable=False)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=60, blank=True)
    theme = models.CharField(max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    shortcuts = models.BooleanField(default=True)
    date_joined = models.DateTimeField(db_default=Now())

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_per_address")]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    @property
    def addresses(self) -> tuple[str, ...]:
        """By which they are known as themself: a corrected address leaves nobody free to decide about their own access."""
        return (self.email, *(self.former or ()))


class ApiKey(models.Model):
    """With it a program acts as the user who made it, in some of their roles, until a day. Only its digest is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=8, unique=True)
    digest = models.CharField(max_length=64)  # SHA-256 of the whole key, in hex
    roles = models.JSONField()
    # Without it, the key reads and changes nothing, whatever its roles may.
    writes = models.BooleanField(default=False)
    # Addresses and ranges of the network that it is taken from; empty: from everywhere.
    networks = models.JSONField(default=list)
    ends_on = models.DateField()  # its last day, in UTC
    made_at = models.DateTimeField(db_default=Now())
    used_at = models.DateTimeField(null=True, blank=True)
    used_from = models.CharField(max_length=45, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return self.name


# Of a provider: what decides whom its word lets in.
DECIDING_FACTS = (
    "kind", "issuer", "client_id", "entity_id", "sign_in_url", "certificates", "domains", "silent",
)  # fmt: skip


class SignInProvider(models.Model):
    """Where people may sign in instead of here. Its secret is sealed.

    `slug` stands in the addresses that the provider is told, and in each person's link; so neither it, nor `issuer`, nor
    `entity_id` ever changes: under another one, the same subject would be somebody else.
    """

    class Kind(models.TextChoices):
        OIDC = "oidc", "OpenID Connect"
        SAML = "saml", "SAML 2.0"

    kind = models.CharField(max_length=4, choices=Kind.choices)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60, unique=True)
    is_on = models.BooleanField(default=False)
    # Whose addresses it may speak for, at the first sign-in of a person.
    domains = models.JSONField(default=list)
    # It never says that an address is verified, and is believed for its domains anyway. SAML has no word for it.
    silent = models.BooleanField(default=False)

    issuer = models.URLField(max_length=300, blank=True)
    client_id = models.CharField(max_length=200, blank=True)
    sealed_secret = models.TextField(blank=True)

    entity_id = models.CharField(max_length=500, blank=True)
    sign_in_url = models.URLField(max_length=500, blank=True)
    certificates = models.JSONField(default=list)  # base64 of the DER, as metadata has them

    # Who changed it last, and who has said since that this is the firm's own. Neither: from before this was asked.
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    vouched_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_vouched_for(self) -> bool:
        """Whether those who decide come in there: not on the word of the one administrator who entered it."""
        return self.set_by_id is None or self.vouched_by_id is not None

    @property
    def digest(self) -> str:
        """Of all that decides whom its word lets in: whoever vouches does it for this."""
        return canonical.digest({name: getattr(self, name) for name in DECIDING_FACTS})

    @property
    def is_filled_in(self) -> bool:
        if self.kind == self.Kind.OIDC:
            return bool(self.issuer and self.client_id and self.sealed_secret)
        return bool(self.entity_id and self.sign_in_url and self.certificates)
