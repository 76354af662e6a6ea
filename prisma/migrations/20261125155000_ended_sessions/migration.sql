-- Sign-ins that the issuer declared over (OpenID Connect Back-Channel Logout).

-- CreateTable
CREATE TABLE "ended_sessions" (
    "issuer" TEXT NOT NULL,
    "token_id" TEXT NOT NULL,
    "subject" TEXT,
    "session_id" TEXT,
    "ended_at" TIMESTAMPTZ(3) NOT NULL,
    "keep_until" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ended_sessions_pkey" PRIMARY KEY ("issuer","token_id")
);

-- CreateIndex
CREATE INDEX "ended_sessions_recorded" ON "ended_sessions"("issuer", "recorded_at");

-- CreateIndex
CREATE INDEX "ended_sessions_over" ON "ended_sessions"("keep_until");
