"""Keys and tokens in a text, as detect-secrets knows them (docs/contract.md §6).

Its detectors only, and neither its filters, which a comment in the text can turn, nor its verification, which
would call an issuer. Which detectors, and why not the others: docs/contract.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

DETECTORS: Final = {
    "artifactory": "ArtifactoryDetector",
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "basic_auth": "BasicAuthDetector",
    "cloudant": "CloudantDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "ibm_cloud_iam": "IbmCloudIamDetector",
    "ibm_cos_hmac": "IbmCosHmacDetector",
    "jwt": "JwtTokenDetector",
    "mailchimp": "MailchimpDetector",
    "npm": "NpmDetector",
    "openai": "OpenAIDetector",
    "private_key": "PrivateKeyDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "softlayer": "SoftlayerDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "telegram_token": "TelegramBotTokenDetector",
    "twilio": "TwilioKeyDetector",
}
"""Module of detect-secrets, which is also what a violation calls it → class in it."""

_DETECTORS: Final[tuple[tuple[str, Any], ...]] = tuple(
    (kind, getattr(import_module(f"detect_secrets.plugins.{kind}"), name)())
    for kind, name in DETECTORS.items()
)
# Made when this is loaded: what is not installed is noticed before anything is read.
_STRETCH: Final = 8_192
"""Characters that a detector sees at once: some take time by the square of it."""
_OVERLAP: Final = 2_048


def secrets_in(text: str) -> Iterator[tuple[str, int]]:
    """Kind and line, from 1, of each that is found; a kind once a stretch of text at most."""
    for start in range(0, max(len(text), 1), _STRETCH):
        part = text[start : start + _STRETCH + _OVERLAP]
        for kind, detector in _DETECTORS:
            if (found := next(iter(detector.analyze_string(part)), None)) is not None:
                yield kind, text.count("\n", 0, start + max(part.find(str(found)), 0)) + 1
