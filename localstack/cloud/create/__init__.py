"""Every resource of the program, created through boto3: one module for each area, by Pulumi's type token."""
