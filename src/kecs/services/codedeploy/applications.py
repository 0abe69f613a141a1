"""CreateApplication, GetApplication, ListApplications, UpdateApplication, DeleteApplication, BatchGetApplications."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import codedeploy as c
from kecs.aws.paging import page
from kecs.core.arns import scope_key
from kecs.core.codedeploy.applications import application_arn, application_view, group_arn, new_application
from kecs.services.codedeploy import finding
from kecs.services.context import Context

MOST_AT_ONCE = 100


def create_application(context: Context, request: c.CreateApplicationInput) -> c.CreateApplicationOutput:
    _check_free(context, request.application_name)
    application = new_application(request, context.scope, context.ids.uuid(), context.now)
    context.store.applications.put(application)
    return c.CreateApplicationOutput(application_id=application.id)


def get_application(context: Context, request: c.GetApplicationInput) -> c.GetApplicationOutput:
    return c.GetApplicationOutput(application=application_view(finding.application(context, request.application_name)))


def batch_get_applications(context: Context, request: c.BatchGetApplicationsInput) -> c.BatchGetApplicationsOutput:
    if len(request.application_names) > MOST_AT_ONCE:
        raise c.BatchLimitExceededException(f"At most {MOST_AT_ONCE} applications can be asked for at once")
    found = [finding.application(context, name) for name in request.application_names]
    return c.BatchGetApplicationsOutput(applications_info=list(map(application_view, found)))


def list_applications(context: Context, request: c.ListApplicationsInput) -> c.ListApplicationsOutput:
    applications = context.store.applications.where("scope", scope_key(context.scope))
    names, token = page([application.name for application in applications], request.next_token, None)
    return c.ListApplicationsOutput(applications=list(names), next_token=token)


def update_application(context: Context, request: c.UpdateApplicationInput) -> c.Shape:
    """A new name; the deployment groups and the deployments of the application follow it."""
    application, name, store = (
        finding.application(context, request.application_name),
        request.new_application_name,
        context.store,
    )
    if name is None or name == application.name:
        return c.Shape()
    _check_free(context, name)
    store.applications.put(replace(application, arn=application_arn(context.scope, name)))
    for group in store.deployment_groups.where("application", application.id):
        store.deployment_groups.put(replace(group, arn=group_arn(context.scope, name, group.name)))
        for deployment in store.code_deployments.where("group", group.id):
            store.code_deployments.put(replace(deployment, application_name=name))
    return c.Shape()


def delete_application(context: Context, request: c.DeleteApplicationInput) -> c.Shape:
    """With it go its deployment groups, and its deployments as far as they have ended."""
    application, store = finding.known_application(context, request.application_name), context.store
    if application is None:
        return c.Shape()
    for group in store.deployment_groups.where("application", application.id):
        for deployment in store.code_deployments.where("group", group.id):
            if not deployment.ongoing:
                store.code_deployments.delete(deployment.id)
        store.deployment_groups.delete(group.id)
    store.applications.delete(application.id)
    return c.Shape()


def _check_free(context: Context, name: str) -> None:
    if finding.known_application(context, name) is not None:
        raise c.ApplicationAlreadyExistsException(f"Application already exists: {name}")
