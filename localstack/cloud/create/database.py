"""Aurora, and the proxy in front of it."""

from typing import Any

from localstack.cloud.create.inputs import Create, Inputs, Made, capitalised
from localstack.cloud.endpoint import Endpoint


def _subnet_group(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    group = cloud.client("rds").create_db_subnet_group(
        DBSubnetGroupName=name,
        DBSubnetGroupDescription=inputs.take("description"),
        Tags=inputs.tags(),
        **inputs.carry("subnetIds"),
    )["DBSubnetGroup"]
    return Made(name, {"name": name, "arn": group["DBSubnetGroupArn"]})


def _parameter_group(cloud: Endpoint, inputs: Inputs) -> Made:
    client, name = cloud.client("rds"), inputs.name()
    parameters = inputs.take("parameters", [])
    group = client.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=name,
        DBParameterGroupFamily=inputs.take("family"),
        Tags=inputs.tags(),
        **inputs.carry("description"),
    )["DBClusterParameterGroup"]
    client.modify_db_cluster_parameter_group(
        DBClusterParameterGroupName=name,
        Parameters=[
            {
                "ParameterName": found["name"],
                "ParameterValue": found["value"],
                "ApplyMethod": found.get("applyMethod", "immediate"),
            }
            for found in parameters
        ],
    )
    return Made(name, {"name": name, "arn": group["DBClusterParameterGroupArn"]})


def _cluster(cloud: Endpoint, inputs: Inputs) -> Made:
    # What the provider does when the cluster is deleted.
    inputs.pass_over("finalSnapshotIdentifier", "skipFinalSnapshot")
    cluster = cloud.client("rds").create_db_cluster(
        Tags=inputs.tags(),
        **inputs.carry(
            "backupRetentionPeriod",
            "copyTagsToSnapshot",
            "databaseName",
            "deletionProtection",
            "engine",
            "engineMode",
            "engineVersion",
            "kmsKeyId",
            "preferredBackupWindow",
            "preferredMaintenanceWindow",
            "storageEncrypted",
            "vpcSecurityGroupIds",
            clusterIdentifier="DBClusterIdentifier",
            dbClusterParameterGroupName="DBClusterParameterGroupName",
            dbSubnetGroupName="DBSubnetGroupName",
            enabledCloudwatchLogsExports="EnableCloudwatchLogsExports",
            masterPassword="MasterUserPassword",
            masterUsername="MasterUsername",
            serverlessv2ScalingConfiguration="ServerlessV2ScalingConfiguration",
        ),
    )["DBCluster"]
    name = cluster["DBClusterIdentifier"]
    return Made(
        name,
        {
            "arn": cluster["DBClusterArn"],
            "clusterIdentifier": name,
            "endpoint": cluster["Endpoint"],
            "readerEndpoint": cluster["ReaderEndpoint"],
        },
    )


def _instance(cloud: Endpoint, inputs: Inputs) -> Made:
    instance = cloud.client("rds").create_db_instance(
        Tags=inputs.tags(),
        **inputs.carry(
            "autoMinorVersionUpgrade",
            "copyTagsToSnapshot",
            "engine",
            "engineVersion",
            "promotionTier",
            "publiclyAccessible",
            clusterIdentifier="DBClusterIdentifier",
            identifier="DBInstanceIdentifier",
            instanceClass="DBInstanceClass",
            performanceInsightsEnabled="EnablePerformanceInsights",
            performanceInsightsKmsKeyId="PerformanceInsightsKMSKeyId",
            performanceInsightsRetentionPeriod="PerformanceInsightsRetentionPeriod",
        ),
    )["DBInstance"]
    return Made(instance["DBInstanceIdentifier"], {"arn": instance["DBInstanceArn"]})


def _proxy(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    proxy = cloud.client("rds").create_db_proxy(
        DBProxyName=name,
        Auth=[_login(login) for login in inputs.take("auths")],
        RequireTLS=inputs.take("requireTls"),
        Tags=inputs.tags(),
        **inputs.carry("engineFamily", "idleClientTimeout", "roleArn", "vpcSecurityGroupIds", "vpcSubnetIds"),
    )["DBProxy"]
    return Made(name, {"name": name, "arn": proxy["DBProxyArn"], "endpoint": proxy["Endpoint"]})


def _login(login: dict[str, Any]) -> dict[str, Any]:
    iam = {"IAMAuth": login.pop("iamAuth")} if "iamAuth" in login else {}
    return {**capitalised(login), **iam}


def _target_group(cloud: Endpoint, inputs: Inputs) -> Made:
    # moto makes the group with its proxy, and cannot modify it.
    inputs.pass_over("connectionPoolConfig")
    proxy = inputs.take("dbProxyName")
    (group,) = cloud.client("rds").describe_db_proxy_target_groups(DBProxyName=proxy)["TargetGroups"]
    return Made(f"{proxy}/default", {"name": group["TargetGroupName"], "arn": group["TargetGroupArn"]})


def _target(cloud: Endpoint, inputs: Inputs) -> Made:
    proxy, group = inputs.take("dbProxyName"), inputs.take("targetGroupName")
    cluster = inputs.take("dbClusterIdentifier")
    cloud.client("rds").register_db_proxy_targets(
        DBProxyName=proxy, TargetGroupName=group, DBClusterIdentifiers=[cluster]
    )
    return Made(f"{proxy}/{group}/{cluster}", {})


CREATE: dict[str, Create] = {
    "aws:rds/cluster:Cluster": _cluster,
    "aws:rds/clusterInstance:ClusterInstance": _instance,
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": _parameter_group,
    "aws:rds/proxy:Proxy": _proxy,
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": _target_group,
    "aws:rds/proxyTarget:ProxyTarget": _target,
    "aws:rds/subnetGroup:SubnetGroup": _subnet_group,
}
