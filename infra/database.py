"""Aurora PostgreSQL Serverless v2 behind RDS Proxy, in the private subnets.

All go through the proxy: its certificate is one that every function's operating system knows, so each
connection is encrypted and checked without a file to carry along.
"""

from collections.abc import Mapping
from urllib.parse import quote

import pulumi
import pulumi_aws as aws

from infra.config import Config
from infra.logs import make_log_group
from infra.network import POSTGRES, Network
from infra.policy import document, trust
from infra.secret import make_secret, reading
from infra.sections import Database
from infra.stack import Stack

NAME = "spooled"
OWNER = "spooled_owner"
LOGIN = "spooled_functions"
_ENGINE = "aurora-postgresql"
_SERVERLESS = "db.serverless"
_CERTIFICATES = "/etc/pki/tls/certs/ca-bundle.crt"
_PARAMETERS = {
    "rds.force_ssl": "1",
    "log_min_duration_statement": "1000",
    "idle_in_transaction_session_timeout": "60000",
}
# Planning a statement of the archive takes seven locks for each day that is kept.
_AT_START = {"max_locks_per_transaction": "512"}
_IDLE_CLIENT_SECONDS = 900
_BORROW_SECONDS = 5


class AuroraDatabase(pulumi.ComponentResource):
    """The cluster, its instances, and the proxy that all connect to."""

    def __init__(self, stack: Stack, network: Network, database: Database) -> None:
        super().__init__("spooled:cloud:Database", "database")
        self._stack = stack
        self._own = pulumi.ResourceOptions(parent=self)
        config = stack.config
        self.group = network.group("proxy", "The database's proxy")
        servers = network.group("database", "The database itself")
        network.permit("functions-proxy", network.functions, self.group, POSTGRES)
        network.permit("proxy-database", self.group, servers, POSTGRES)
        self.cluster = self._cluster(network, database, servers)
        instances = [self._instance(database, "writer", 0)]
        if database.reader:
            instances.append(self._instance(database, "reader", 1))
        self.proxy = self._proxy(network, database, instances)
        self.url = self._url(LOGIN, _password(config, "database_password"))
        self.owner_url = self._url(OWNER, _password(config, "database_owner_password"))
        self.register_outputs({})

    def _cluster(self, network: Network, database: Database, group: aws.ec2.SecurityGroup) -> aws.rds.Cluster:
        stack, name = self._stack, self._stack.name("database")
        subnets = aws.rds.SubnetGroup(
            "database",
            name=name,
            subnet_ids=[subnet.id for subnet in network.private_subnets],
            tags=stack.tags,
            opts=self._own,
        )
        major = database.version.partition(".")[0]
        parameters = aws.rds.ClusterParameterGroup(
            "database",
            name=f"{name}-{major}",
            family=f"{_ENGINE}{major}",
            parameters=[*_parameters(_PARAMETERS, "immediate"), *_parameters(_AT_START, "pending-reboot")],
            tags=stack.tags,
            opts=self._own,
        )
        # Before the cluster makes one itself, which would be kept for ever.
        log_group = make_log_group(stack, "database", f"/aws/rds/cluster/{name}/postgresql", self)
        return aws.rds.Cluster(
            "database",
            cluster_identifier=name,
            engine=_ENGINE,
            engine_mode="provisioned",
            engine_version=database.version,
            database_name=NAME,
            master_username=OWNER,
            master_password=_password(stack.config, "database_owner_password"),
            serverlessv2_scaling_configuration={
                "min_capacity": database.min_capacity,
                "max_capacity": database.max_capacity,
            },
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            db_cluster_parameter_group_name=parameters.name,
            storage_encrypted=True,
            kms_key_id=stack.key.arn,
            backup_retention_period=database.backup_days,
            preferred_backup_window="02:00-03:00",
            preferred_maintenance_window="sun:03:30-sun:04:30",
            copy_tags_to_snapshot=True,
            deletion_protection=database.deletion_protection,
            skip_final_snapshot=False,
            final_snapshot_identifier=f"{name}-final",
            enabled_cloudwatch_logs_exports=["postgresql"],
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[log_group]),
        )

    def _instance(self, database: Database, name: str, tier: int) -> aws.rds.ClusterInstance:
        stack = self._stack
        return aws.rds.ClusterInstance(
            f"database-{name}",
            identifier=stack.name(f"database-{name}"),
            cluster_identifier=self.cluster.id,
            engine=aws.rds.EngineType.AURORA_POSTGRESQL,
            engine_version=database.version,
            instance_class=_SERVERLESS,
            promotion_tier=tier,
            publicly_accessible=False,
            auto_minor_version_upgrade=False,  # the version is that of the configuration
            performance_insights_enabled=True,
            performance_insights_kms_key_id=stack.key.arn,
            performance_insights_retention_period=7,
            copy_tags_to_snapshot=True,
            tags=stack.tags,
            opts=self._own,
        )

    def _proxy(
        self, network: Network, database: Database, instances: list[aws.rds.ClusterInstance]
    ) -> aws.rds.Proxy:
        stack, name = self._stack, self._stack.name("proxy")
        logins = [
            make_secret(stack, group, {"username": user, "password": _password(stack.config, password)})
            for group, user, password in (
                ("proxy-functions", LOGIN, "database_password"),
                ("proxy-owner", OWNER, "database_owner_password"),
            )
        ]
        role = aws.iam.Role(
            "proxy",
            name=name,
            description="Of the database's proxy",
            assume_role_policy=trust(
                "rds.amazonaws.com", {"StringEquals": {"aws:SourceAccount": stack.account}}
            ),
            tags=stack.tags,
            opts=self._own,
        )
        right = aws.iam.RolePolicy(
            "proxy", name="logins", role=role.id, policy=document(*reading(stack, logins)), opts=self._own
        )
        proxy = aws.rds.Proxy(
            "proxy",
            name=name,
            engine_family="POSTGRESQL",
            require_tls=True,
            role_arn=role.arn,
            # Longer than any function waits for its next request, shorter than forgotten ones add up.
            idle_client_timeout=_IDLE_CLIENT_SECONDS,
            vpc_subnet_ids=[subnet.id for subnet in network.private_subnets],
            vpc_security_group_ids=[self.group.id],
            auths=[
                {
                    "auth_scheme": "SECRETS",
                    "iam_auth": "DISABLED",
                    "client_password_auth_type": "POSTGRES_SCRAM_SHA_256",
                    "secret_arn": login.arn,
                }
                for login in logins
            ],
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[right]),
        )
        pool = aws.rds.ProxyDefaultTargetGroup(
            "proxy",
            db_proxy_name=proxy.name,
            connection_pool_config={
                "max_connections_percent": database.proxy_percent,
                "max_idle_connections_percent": database.proxy_percent // 2,
                "connection_borrow_timeout": _BORROW_SECONDS,
            },
            opts=self._own,
        )
        aws.rds.ProxyTarget(
            "proxy",
            db_proxy_name=proxy.name,
            target_group_name=pool.name,
            db_cluster_identifier=self.cluster.cluster_identifier,
            opts=pulumi.ResourceOptions(parent=self, depends_on=instances),
        )
        return proxy

    def _url(self, user: str, password: str) -> pulumi.Output[str]:
        query = f"sslmode=verify-full&sslrootcert={quote(_CERTIFICATES, safe='')}"
        return pulumi.Output.concat(
            "postgresql://", user, ":", password, "@", self.proxy.endpoint, f":{POSTGRES}/{NAME}?{query}"
        )


def _password(config: Config, name: str) -> str:
    password = getattr(config, name)
    assert password is not None
    return str(password.get_secret_value())


def _parameters(
    values: Mapping[str, str], apply_method: str
) -> list[aws.rds.ClusterParameterGroupParameterArgs]:
    return [
        aws.rds.ClusterParameterGroupParameterArgs(name=name, value=value, apply_method=apply_method)
        for name, value in values.items()
    ]
