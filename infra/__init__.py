"""The cloud, declared: a Pulumi program, one component per part.

`infra.program.declare` is the program; `infra/__main__.py` calls it for the engine, the tests call it under
mocks. Resources of AWS that it uses, and no others:

- apigatewayv2 `Api`, `Integration`, `Route`, `Stage`
- cloudwatch `LogGroup`, `MetricAlarm`
- ec2 `DefaultSecurityGroup`, `Eip`, `InternetGateway`, `NatGateway`, `Route`, `RouteTable`,
  `RouteTableAssociation`, `SecurityGroup`, `Subnet`, `Vpc`, `VpcEndpoint`
- ecs `Cluster`, `Service`, `TaskDefinition`
- elasticache `ServerlessCache`
- iam `Role`, `RolePolicy`, `RolePolicyAttachment`
- kms `Alias`, `Key`
- lambda_ `Function`, `FunctionEventInvokeConfig`, `Invocation`, `LayerVersion`, `Permission`
- lb `Listener`, `ListenerRule`, `LoadBalancer`, `TargetGroup`
- rds `Cluster`, `ClusterInstance`, `ClusterParameterGroup`, `Proxy`, `ProxyDefaultTargetGroup`,
  `ProxyTarget`, `SubnetGroup`
- s3 `Bucket`, `BucketObjectv2`, `BucketPolicy`, `BucketPublicAccessBlock`,
  `BucketServerSideEncryptionConfiguration`, `BucketVersioning`
- scheduler `Schedule`, `ScheduleGroup`
- secretsmanager `Secret`, `SecretVersion`
- sns `Topic`, `TopicSubscription`
- vpc `SecurityGroupEgressRule`, `SecurityGroupIngressRule`

and asks for `getCallerIdentity`, `getRegion` and, with a network, `getAvailabilityZones`. Its
components, which hold resources and are none, are of the types `spooled:cloud:*`.
"""
