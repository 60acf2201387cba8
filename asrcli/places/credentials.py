"""How each provider is reached and with which credentials: from where its own tools have them, and never shown.

obstore reads the variables of the environment, service accounts of Google, identities of workloads and, last, the
metadata service of a virtual machine. What it does not read is here: the profiles of AWS.
"""

from __future__ import annotations

import os
from configparser import ConfigParser, Error
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asrcli.errors import UsageError
from asrcli.places.addresses import is_loopback

# With one of these set, S3's credentials are not looked for in profiles.
GIVEN = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
DYNAMIC = ("sso_", "role_arn", "credential_process", "web_identity_token_file", "login_session")
KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
PLAIN = {"gs": ("GOOGLE_ALLOW_HTTP",), "az": ("AZURE_ALLOW_HTTP", "AZURE_STORAGE_USE_EMULATOR")}
YES = ("1", "true", "yes", "on")


def settings_of(scheme: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a store is made with, and how its client connects.

    Raises:
        UsageError: there are no credentials, or a server would be asked without encryption.
    """
    if scheme == "gs":
        _check_google(name)
    if scheme != "s3":
        plain = any(map(_is_on, PLAIN[scheme]))  # of an imitation on this machine
        return {}, {"allow_http": True} if plain else {}
    profile = _profile(name)
    settings: dict[str, Any] = {"conditional_put": "etag"}
    if not os.environ.get("AWS_REGION") and not os.environ.get("AWS_DEFAULT_REGION"):
        settings["region"] = profile.get("region", "us-east-1")
    endpoint = (
        os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or profile.get("endpoint_url")
    )
    if endpoint:
        settings["endpoint"] = endpoint
    if not _is_on("AWS_SKIP_SIGNATURE") and not any(map(os.environ.get, GIVEN)):
        settings |= _from_profile(profile, name)
    return settings, {"allow_http": True} if endpoint and _is_plain(endpoint) else {}


def _check_google(name: str) -> None:
    """Raise `UsageError` when there are no credentials, and Google's variable forbids to ask the metadata service."""
    usual = Path("~/.config/gcloud/application_default_credentials.json").expanduser()
    given = any(key.startswith("GOOGLE_") and value for key, value in os.environ.items()) or usual.exists()
    if not given and _is_on("NO_GCE_CHECK"):
        raise UsageError(f"'{name}': there are no credentials: set GOOGLE_APPLICATION_CREDENTIALS to a file with them")


def _is_plain(endpoint: str) -> bool:
    """Tell whether an endpoint is asked without encryption: this machine, or where the user says so."""
    parts = urlsplit(endpoint)
    if parts.scheme != "http":
        return False
    if not is_loopback(parts.hostname or "") and not _is_on("AWS_ALLOW_HTTP"):
        raise UsageError(
            f"the endpoint http://{parts.hostname} is not encrypted: write https://, or set AWS_ALLOW_HTTP=true"
        )
    return True


def _is_on(name: str) -> bool:
    return os.environ.get(name, "").lower() in YES


def _profile(name: str) -> dict[str, str]:
    """Return what AWS's two files say of the profile that is in use."""
    wanted = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
    found: dict[str, str] = {}
    for variable, usual, section in (
        ("AWS_CONFIG_FILE", "config", wanted if wanted == "default" else f"profile {wanted}"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", wanted),
    ):
        path = Path(os.environ.get(variable) or Path("~/.aws", usual)).expanduser()
        parser = ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, Error):  # the words of the last one hold lines of the file
            continue
        if parser.has_section(section):
            found |= dict(parser.items(section))
    if not found and wanted != "default" and not any(map(os.environ.get, GIVEN)):
        raise UsageError(
            f"'{name}': AWS_PROFILE is '{wanted}', and neither ~/.aws/config nor ~/.aws/credentials has it"
        )
    return found


def _from_profile(profile: dict[str, str], name: str) -> dict[str, Any]:
    """Return the credentials of a profile, or who gets them."""
    if all(key in profile for key in KEYS[:2]):
        return {key.removeprefix("aws_"): profile[key] for key in KEYS if key in profile}
    if any(key.startswith(DYNAMIC) for key in profile):
        try:
            from boto3 import Session
            from obstore.auth.boto3 import Boto3CredentialProvider
        except ImportError:
            raise UsageError(
                f"'{name}': the AWS profile signs in by SSO, a role or a program: pip install boto3"
            ) from None
        return {"credential_provider": Boto3CredentialProvider(Session())}
    if _is_on("AWS_EC2_METADATA_DISABLED"):
        raise UsageError(
            f"'{name}': there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or "
            "AWS_SKIP_SIGNATURE=true for a public bucket"
        )
    return {}
