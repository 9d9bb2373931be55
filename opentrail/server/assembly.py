"""Puts the parts of one server together: the only place that knows them all."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from opentrail import limits
from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.attached_policies import AttachedPolicies
from opentrail.accounts.folder_keys import FolderKeys, open_folder_keys
from opentrail.accounts.own_keys import OwnKeys
from opentrail.accounts.principal import Principal as Who
from opentrail.accounts.principal import iam_user, own_user_id, root
from opentrail.accounts.role_sessions import RoleSessions
from opentrail.accounts.sealing import derived_key
from opentrail.accounts.stored_policies import StoredPolicies
from opentrail.api import CloudTrailApi
from opentrail.catalog.database import open_catalog
from opentrail.clock import Clock
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.lake.store_keys import StoreKeys
from opentrail.lake.summary import LakeSummaries
from opentrail.recorder.answers.own_sts import OwnSts
from opentrail.recorder.app import Recorder
from opentrail.recorder.forwarding.upstreams import ANY_SERVICE, LookUp, Upstream, Upstreams, moto
from opentrail.recorder.identity.client_address import client_address
from opentrail.recorder.reports import Reports
from opentrail.recorder.settings import RecorderSettings
from opentrail.server.data_folder import DataFolder
from opentrail.server.history_process.asking import AskedHistory
from opentrail.server.organization_watch import OrganizationWatch
from opentrail.server.outgoing.import_buckets import OwnImportBuckets
from opentrail.server.outgoing.own_calls import OwnCalls
from opentrail.server.policy_files import attached_policies, guards
from opentrail.server.ports.doors import Doors, OwnDoor
from opentrail.server.ports.own_services import OwnServices
from opentrail.server.rooms.ingest import ingest_rooms
from opentrail.server.rooms.owned_resources import resource_facts
from opentrail.server.rooms.queries import Querying
from opentrail.server.rooms.stores import key_check_of
from opentrail.server.rooms.trails import trail_rooms
from opentrail.server.sandbox.cloud import Sandbox
from opentrail.server.settings import SANDBOX_SERVICES, Principal, Settings
from opentrail.server.settings import LookUp as LookUpSettings
from opentrail.server.throttling import Throttles, throttles
from opentrail.server.upstream_knowledge import UpstreamKnowledge, upstream_knowledge
from opentrail.trails.clients import Clients
from opentrail.wire.http import HttpRequest

TOKEN_PURPOSE = "page-tokens"
FIRST_PROCESS = "calls-1"  # its name as a writer of intents, beside the runs of the further processes


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything in the process of the doors that is opened and has to be closed."""

    journal: Journal
    catalog: Engine
    intake: Intake
    history: AskedHistory
    recorder: Recorder
    throttles: Throttles
    querying: Querying
    lake: LakeSummaries
    api: CloudTrailApi
    doors: Doors
    watch: OrganizationWatch | None


@dataclass(frozen=True, slots=True)
class RecorderParts:
    """What every process that answers calls has; to be closed: intake, then the journal."""

    journal: Journal
    keys: FolderKeys
    catalog: Engine
    intake: Intake
    access_keys: AccessKeys
    configured: tuple[AccessKey, ...]
    policies: AttachedPolicies
    recorder: Recorder
    throttles: Throttles
    knowledge: UpstreamKnowledge


def assemble_recorder(
    folder: DataFolder, settings: Settings, upstreams: Sequence[Upstream], clock: Clock, writer: str
) -> RecorderParts:
    """Open journal and catalog, and put a recorder on them. `writer`: see Journal.open."""
    keys = open_folder_keys(folder.secrets)
    journal = Journal.open(folder.journal, clock, sealer=keys.sealer, writer=writer)
    intake = Intake(journal, clock, home_account=settings.server.account)
    engine = open_catalog(folder.catalog, limits.CATALOG_BUSY_DOOR_SECONDS)
    learning = open_catalog(folder.catalog)  # what an upstream has done cannot be done anew: to note it may take longer
    configured = tuple(_access_key(principal, settings) for principal in settings.principal)
    access_keys = AccessKeys(learning, keys.root, configured)
    told = _recorder_settings(folder, settings)
    limited = throttles(settings.limits, clock)
    knowledge = upstream_knowledge(settings, upstreams, learning, clock)
    known = StoredPolicies(engine, clock)
    organization = knowledge.organizations.now
    policies = attached_policies(settings, lambda told: _principal(told, settings), organization, known)
    recorder = Recorder(
        Upstreams(upstreams),
        access_keys,
        intake,
        journal,
        clock,
        told,
        limited.forwarded.allows if limited.forwarded.limits_anything else None,
        changes_seen=knowledge.changes_seen,
        enforced=knowledge.enforced,
        own_sts=OwnSts(RoleSessions(engine, OwnKeys(keys.root, clock), policies, clock), clock),
    )
    return RecorderParts(journal, keys, engine, intake, access_keys, configured, policies, recorder, limited, knowledge)


def assemble(
    folder: DataFolder,
    settings: Settings,
    upstreams: Sequence[Upstream],
    clock: Clock,
    own_endpoint: str,
    history: AskedHistory,
) -> Parts:
    """Open the data folder and connect the doors to it. `own_endpoint`: the URL of the AWS port from this machine."""
    recording = assemble_recorder(folder, settings, upstreams, clock, FIRST_PROCESS)
    journal, intake, engine = recording.journal, recording.intake, recording.catalog
    access_keys = recording.access_keys
    root_key = recording.keys.root
    told = _recorder_settings(folder, settings)
    organizations, enforced = recording.knowledge.organizations, recording.knowledge.enforced
    token_key = derived_key(root_key, TOKEN_PURPOSE)

    def source_address(request: HttpRequest) -> str:
        return client_address(request.client, request.header("x-forwarded-for"), told.trusted_proxies)

    watch = recording.knowledge.watch
    of_trails = trail_rooms(
        settings, engine, access_keys, root_key, journal.head, clock, own_endpoint, organizations, watch
    )
    lake = LakeSummaries(engine, folder.tables)
    calls = OwnCalls(settings.delivery, access_keys, root_key, own_endpoint, settings.delivery.secret())
    store_keys = StoreKeys(key_check_of(calls), clock, engine)
    querying = Querying(folder, settings, engine, recording.keys, calls, organizations, clock, store_keys.require)
    buckets = OwnImportBuckets(Clients(calls.access, as_service=calls.as_service), calls.folders)
    of_ingest = ingest_rooms(engine, intake, journal, clock, token_key, buckets, organizations, store_keys.require)
    api = CloudTrailApi(
        access_keys,
        intake,
        clock,
        history.lookup,
        {**of_trails, **querying.rooms, **of_ingest},
        token_key=token_key,
        home_account=told.home_account,
        home_region=told.region,
        guarantee=told.guarantee,
        may_record=journal.writable,
        source_address=source_address,
        policies=enforced or recording.policies,
        resources=resource_facts(engine, organizations.now, clock),
        may_call=recording.throttles.may_call_api,
        policies_wait=enforced is not None,
        least_retention_days=settings.lake.least_retention_days,
    )
    reporters = frozenset(key.access_key_id for key in recording.configured)
    reports = Reports(access_keys, reporters, intake, journal, clock, source_address)
    doors = Doors(OwnDoor(OwnServices(api, reports)), recording.recorder, clock)
    return Parts(
        journal,
        engine,
        intake,
        history,
        recording.recorder,
        recording.throttles,
        querying,
        lake,
        api,
        doors,
        watch,
    )


def sandbox_upstreams(sandbox: Sandbox) -> list[Upstream]:
    """SeaweedFS for S3, moto for the rest."""
    s3 = Upstream(
        name="seaweedfs",
        url=sandbox.s3_url,
        services=frozenset({"s3"}),
        signing="resign",
        access_key_id=sandbox.s3_key.access_key_id,
        secret_access_key=sandbox.s3_key.secret_access_key,
        region="us-east-1",
    )
    return [s3, moto(SANDBOX_SERVICES, sandbox.services_url)]


def configured_upstreams(settings: Settings) -> list[Upstream]:
    """The upstreams that a settings file names."""
    return [
        Upstream(
            name=upstream.name,
            url=upstream.url.rstrip("/"),
            services=frozenset(upstream.services) or frozenset({ANY_SERVICE}),
            signing=upstream.signing,
            access_key_id=upstream.access_key_id,
            secret_access_key=upstream.secret(),
            region=upstream.region,
            ca_file=upstream.ca_file,
            verify=upstream.verify,
            look_up=_look_up(upstream.look_up),
            guards=guards(upstream.policies),
        )
        for upstream in settings.upstream
    ]


def _look_up(settings: LookUpSettings | None) -> LookUp | None:
    if settings is None:
        return None
    return LookUp(
        sts_url=settings.sts_url.rstrip("/"),
        iam_url=settings.iam_url.rstrip("/"),
        access_key_id=settings.access_key_id,
        secret_access_key=settings.secret(),
        region=settings.region,
        cache_seconds=settings.cache_seconds,
    )


def _access_key(principal: Principal, settings: Settings) -> AccessKey:
    who = _principal(principal, settings)
    return AccessKey(access_key_id=principal.access_key_id, secret=principal.secret(), principal=who)


def _principal(principal: Principal, settings: Settings) -> Who:
    account = principal.account or settings.server.account
    if not principal.user:
        return root(account)
    # A user who exists nowhere but here has an id of ours; that of a user whom an upstream knows is not made up.
    user_id = principal.user_id or (own_user_id(account, principal.user) if principal.secret() else "")
    return iam_user(account, principal.user, user_id, principal.path)


def _recorder_settings(folder: DataFolder, settings: Settings) -> RecorderSettings:
    return RecorderSettings(
        home_account=settings.server.account,
        spool_folder=folder.spool,
        guarantee=settings.server.guarantee,
        trusted_proxies=tuple(ipaddress.ip_network(network) for network in settings.server.trusted_proxies),
    )
