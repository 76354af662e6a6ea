-- Every table of the first version, as `prisma migrate diff` writes it from schema.prisma; below, what Prisma cannot say.

-- CreateTable
CREATE TABLE "tenants" (
    "id" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "tier" TEXT NOT NULL,
    "suspended" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL,

    CONSTRAINT "tenants_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "members" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "email" TEXT,
    "name" TEXT,
    "role" TEXT NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "members_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "quotas" (
    "tenant_id" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "limit" BIGINT NOT NULL,
    "used" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "quotas_pkey" PRIMARY KEY ("tenant_id","resource")
);

-- CreateTable
CREATE TABLE "machine_types" (
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "shape" JSONB NOT NULL,
    "price_per_hour_micros" BIGINT NOT NULL,
    "pools" TEXT[],
    "images" TEXT[],

    CONSTRAINT "machine_types_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "gpu_types" (
    "name" TEXT NOT NULL,
    "product" TEXT NOT NULL,
    "memory_mib" INTEGER NOT NULL,
    "mode" TEXT NOT NULL,
    "price_per_hour_micros" BIGINT NOT NULL,

    CONSTRAINT "gpu_types_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "ssh_keys" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "member_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ssh_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "leases" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "pool" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "generation" INTEGER NOT NULL,
    "labels" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "entered_state_at" TIMESTAMPTZ(3) NOT NULL,
    "waiting_for" TEXT,
    "holds" JSONB NOT NULL,
    "occupies" JSONB NOT NULL,
    "document" JSONB NOT NULL,
    "event_seq" INTEGER NOT NULL,
    "look_again_at" TIMESTAMPTZ(3),
    "claim_token" TEXT,
    "claim_until" TIMESTAMPTZ(3),

    CONSTRAINT "leases_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "lease_events" (
    "lease_id" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "detail" TEXT,

    CONSTRAINT "lease_events_pkey" PRIMARY KEY ("lease_id","seq")
);

-- CreateTable
CREATE TABLE "tasks" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "pool" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "priority" INTEGER NOT NULL,
    "labels" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "entered_state_at" TIMESTAMPTZ(3) NOT NULL,
    "waiting_for" TEXT,
    "queue_position" INTEGER,
    "last_heartbeat_at" TIMESTAMPTZ(3),
    "progress" JSONB,
    "holds" JSONB NOT NULL,
    "occupies" JSONB NOT NULL,
    "document" JSONB NOT NULL,
    "event_seq" INTEGER NOT NULL,
    "look_again_at" TIMESTAMPTZ(3),
    "claim_token" TEXT,
    "claim_until" TIMESTAMPTZ(3),

    CONSTRAINT "tasks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task_events" (
    "task_id" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "detail" TEXT,

    CONSTRAINT "task_events_pkey" PRIMARY KEY ("task_id","seq")
);

-- CreateTable
CREATE TABLE "task_logs" (
    "task_id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "length" BIGINT NOT NULL,
    "cut" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "task_logs_pkey" PRIMARY KEY ("task_id")
);

-- CreateTable
CREATE TABLE "task_log_pieces" (
    "task_id" TEXT NOT NULL,
    "start_at" BIGINT NOT NULL,
    "bytes" BYTEA NOT NULL,

    CONSTRAINT "task_log_pieces_pkey" PRIMARY KEY ("task_id","start_at")
);

-- CreateTable
CREATE TABLE "run_credentials" (
    "token_hash" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,

    CONSTRAINT "run_credentials_pkey" PRIMARY KEY ("token_hash")
);

-- CreateTable
CREATE TABLE "usage_intervals" (
    "id" BIGSERIAL NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "holder_kind" TEXT NOT NULL,
    "holder_id" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "price_per_hour_micros" BIGINT NOT NULL,

    CONSTRAINT "usage_intervals_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_answers" (
    "scope" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "claimed_at" TIMESTAMPTZ(3) NOT NULL,
    "status" INTEGER,
    "headers" JSONB,
    "body" TEXT,
    "answered_at" TIMESTAMPTZ(3),

    CONSTRAINT "idempotency_answers_pkey" PRIMARY KEY ("scope","key")
);

-- CreateTable
CREATE TABLE "audit_events" (
    "id" BIGSERIAL NOT NULL,
    "tenant_id" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "event" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "facts" JSONB NOT NULL,

    CONSTRAINT "audit_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "access_codes" (
    "code_hash" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "lease_id" TEXT NOT NULL,
    "member_id" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "access_codes_pkey" PRIMARY KEY ("code_hash")
);

-- CreateTable
CREATE TABLE "access_sessions" (
    "session_hash" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "lease_id" TEXT NOT NULL,
    "member_id" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "access_sessions_pkey" PRIMARY KEY ("session_hash")
);

-- CreateIndex
CREATE UNIQUE INDEX "tenants_slug_key" ON "tenants"("slug");

-- CreateIndex
CREATE INDEX "tenants_created_at_id_idx" ON "tenants"("created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "ssh_keys_tenant_id_created_at_id_idx" ON "ssh_keys"("tenant_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "ssh_keys_tenant_id_fingerprint_key" ON "ssh_keys"("tenant_id", "fingerprint");

-- CreateIndex
CREATE INDEX "leases_of_tenant" ON "leases"("tenant_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "leases_living_of_tenant" ON "leases"("tenant_id", "created_at" DESC, "id" DESC) WHERE (state <> ALL (ARRAY['released'::text, 'failed'::text]));

-- CreateIndex
CREATE INDEX "leases_due" ON "leases"("look_again_at") WHERE (look_again_at IS NOT NULL);

-- CreateIndex
CREATE INDEX "leases_queued" ON "leases"("pool", "entered_state_at", "id") WHERE (state = 'queued'::text);

-- CreateIndex
CREATE INDEX "leases_occupying" ON "leases"("pool") WHERE (occupies <> '{}'::jsonb);

-- CreateIndex
CREATE INDEX "leases_labelled" ON "leases" USING GIN ("labels" jsonb_path_ops) WHERE (labels <> '{}'::jsonb);

-- CreateIndex
CREATE INDEX "tasks_of_tenant" ON "tasks"("tenant_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "tasks_living_of_tenant" ON "tasks"("tenant_id", "created_at" DESC, "id" DESC) WHERE (state <> ALL (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text, 'timed-out'::text]));

-- CreateIndex
CREATE INDEX "tasks_due" ON "tasks"("look_again_at") WHERE (look_again_at IS NOT NULL);

-- CreateIndex
CREATE INDEX "tasks_queued" ON "tasks"("pool", "priority" DESC, "entered_state_at", "id") WHERE (state = 'queued'::text);

-- CreateIndex
CREATE INDEX "tasks_occupying" ON "tasks"("pool") WHERE (occupies <> '{}'::jsonb);

-- CreateIndex
CREATE INDEX "tasks_labelled" ON "tasks" USING GIN ("labels" jsonb_path_ops) WHERE (labels <> '{}'::jsonb);

-- CreateIndex
CREATE INDEX "run_credentials_task_id_idx" ON "run_credentials"("task_id");

-- CreateIndex
CREATE INDEX "usage_of_tenant" ON "usage_intervals"("tenant_id", "started_at", "id");

-- CreateIndex
CREATE INDEX "usage_of_holder" ON "usage_intervals"("holder_id", "started_at");

-- CreateIndex
CREATE UNIQUE INDEX "usage_open" ON "usage_intervals"("holder_id") WHERE (ended_at IS NULL);

-- CreateIndex
CREATE INDEX "idempotency_answers_claimed_at_idx" ON "idempotency_answers"("claimed_at");

-- CreateIndex
CREATE INDEX "audit_events_tenant_id_id_idx" ON "audit_events"("tenant_id", "id" DESC);

-- CreateIndex
CREATE INDEX "access_codes_lease_id_idx" ON "access_codes"("lease_id");

-- CreateIndex
CREATE INDEX "access_codes_expires_at_idx" ON "access_codes"("expires_at");

-- CreateIndex
CREATE INDEX "access_sessions_lease_id_idx" ON "access_sessions"("lease_id");

-- CreateIndex
CREATE INDEX "access_sessions_expires_at_idx" ON "access_sessions"("expires_at");

-- AddForeignKey
ALTER TABLE "members" ADD CONSTRAINT "members_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "quotas" ADD CONSTRAINT "quotas_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ssh_keys" ADD CONSTRAINT "ssh_keys_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "leases" ADD CONSTRAINT "leases_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "usage_intervals" ADD CONSTRAINT "usage_intervals_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What is used never becomes negative, and a limit is an amount.
ALTER TABLE "quotas"
    ADD CONSTRAINT "quotas_used_check" CHECK ("used" >= 0),
    ADD CONSTRAINT "quotas_limit_check" CHECK ("limit" >= 0);

-- Rows that change often get room beside them, so that an update need not touch the indexes.
ALTER TABLE "quotas" SET (fillfactor = 50);
ALTER TABLE "leases" SET (fillfactor = 80);
ALTER TABLE "tasks" SET (fillfactor = 80);
