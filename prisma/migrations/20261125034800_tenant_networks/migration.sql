-- From which networks a tenant's API may be used: two lists, empty for everywhere.
ALTER TABLE "tenants" ADD COLUMN "networks" JSONB NOT NULL DEFAULT '{"allow": [], "deny": []}';
