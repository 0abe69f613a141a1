"""PutAccountSetting, PutAccountSettingDefault, DeleteAccountSetting, ListAccountSettings.

KECS takes every caller for the root user of the account; settings of other principals are kept beside.
"""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.accounts import KINDS, check, effective, principal_of, root_of, setting
from kecs.core.records import AccountSettingRecord
from kecs.core.records.accounts import setting_key
from kecs.services.context import Context

MOST_LISTED = 10


def put_account_setting(context: Context, request: m.PutAccountSettingRequest) -> m.PutAccountSettingResponse:
    principal = principal_of(context.scope, request.principal_arn, context.principal)
    return m.PutAccountSettingResponse(setting=_put(context, request.name, request.value, principal))


def put_account_setting_default(
    context: Context, request: m.PutAccountSettingDefaultRequest
) -> m.PutAccountSettingDefaultResponse:
    """The root user's setting, which counts for everybody who has none of their own."""
    root = root_of(context.scope)
    return m.PutAccountSettingDefaultResponse(setting=_put(context, request.name, request.value, root))


def delete_account_setting(context: Context, request: m.DeleteAccountSettingRequest) -> m.DeleteAccountSettingResponse:
    """The answer shows the value that is in force from now on."""
    principal, table = (
        principal_of(context.scope, request.principal_arn, context.principal),
        context.store.account_settings,
    )
    if not KINDS[request.name].values:
        raise m.InvalidParameterException(f"The account setting {request.name} is managed by AWS.")
    table.delete(setting_key(context.scope, request.name, principal))
    value = effective(table.get, context.scope, request.name, principal)
    return m.DeleteAccountSettingResponse(setting=setting(request.name, value, principal))


def list_account_settings(context: Context, request: m.ListAccountSettingsRequest) -> m.ListAccountSettingsResponse:
    """What the principal has set, or with effectiveSettings everything that is in force for them."""
    if request.value is not None and request.name is None:
        raise m.InvalidParameterException("You must specify a setting name to filter by value.")
    scope, find = context.scope, context.store.account_settings.get
    principal = principal_of(scope, request.principal_arn, context.principal)
    found: dict[str, m.Setting] = {}
    for name in KINDS if request.name is None else (request.name,):
        own = find(setting_key(scope, name, principal))
        if own is None and not request.effective_settings:
            continue
        value = own.value if own else effective(find, scope, name, principal)
        if request.value in (None, value):
            found[name] = setting(name, value, principal)
    names, token = page(list(found), request.next_token, request.max_results, most=MOST_LISTED)
    return m.ListAccountSettingsResponse(settings=[found[name] for name in names], next_token=token)


def _put(context: Context, name: m.SettingName, value: str, principal: str) -> m.Setting:
    check(name, value, principal, root_of(context.scope))
    key = setting_key(context.scope, name, principal)
    context.store.account_settings.put(AccountSettingRecord(key=key, name=name, value=value, principal_arn=principal))
    return setting(name, value, principal)
