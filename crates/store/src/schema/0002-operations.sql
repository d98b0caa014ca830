-- What this program keeps beside Magnum's tables. Times are milliseconds since 1970, so that no fraction is lost.
CREATE TABLE "mg_operation" (
  "id" VARCHAR(36) NOT NULL PRIMARY KEY,
  "cluster" VARCHAR(36) NOT NULL,
  "kind" VARCHAR(64) NOT NULL,
  "request_id" VARCHAR(64) NOT NULL,
  "input" {long} NOT NULL,
  "state" VARCHAR(16) NOT NULL,
  "detail" {long} NOT NULL,
  "started_at" BIGINT NOT NULL,
  "ended_at" BIGINT
){ours};
CREATE INDEX "ix_mg_operation_cluster" ON "mg_operation" ("cluster", "ended_at");
CREATE TABLE "mg_lease" (
  "name" VARCHAR(128) NOT NULL PRIMARY KEY,
  "holder" VARCHAR(255) NOT NULL,
  "generation" BIGINT NOT NULL,
  "expires_at" BIGINT NOT NULL
){ours};
CREATE TABLE "mg_resource" (
  "cluster" VARCHAR(36) NOT NULL PRIMARY KEY,
  "tree" {long} NOT NULL,
  "observed_at" BIGINT NOT NULL
){ours};
CREATE TABLE "mg_node" (
  "id" VARCHAR(36) NOT NULL PRIMARY KEY,
  "cluster" VARCHAR(36) NOT NULL,
  "name" VARCHAR(64) NOT NULL,
  "nodegroup" VARCHAR(36) NOT NULL,
  "role" VARCHAR(16) NOT NULL,
  "idx" INTEGER NOT NULL,
  "address" VARCHAR(64) NOT NULL,
  "token_hash" VARCHAR(64) NOT NULL,
  "powered_on" {bool} NOT NULL,
  "status" VARCHAR(16) NOT NULL,
  "boot_id" VARCHAR(64),
  "versions" {long} NOT NULL,
  "step" VARCHAR(64),
  "step_state" VARCHAR(16),
  "step_detail" {long},
  "step_at" BIGINT,
  "step_ms" BIGINT,
  "started_at" BIGINT,
  "ready_at" BIGINT,
  CONSTRAINT "uniq_mg_node0cluster0name" UNIQUE ("cluster", "name")
){ours};
CREATE TABLE "mg_event" (
  "id" {pk},
  "cluster" VARCHAR(36) NOT NULL,
  "node" VARCHAR(64),
  "incarnation" VARCHAR(36),
  "seq" BIGINT,
  "at" BIGINT NOT NULL,
  "step" VARCHAR(64) NOT NULL,
  "state" VARCHAR(16) NOT NULL,
  "detail" {long} NOT NULL,
  "duration_ms" BIGINT,
  CONSTRAINT "uniq_mg_event0incarnation0seq" UNIQUE ("incarnation", "seq")
){ours};
CREATE INDEX "ix_mg_event_cluster" ON "mg_event" ("cluster", "id");
CREATE TABLE "mg_cluster_private" (
  "cluster" VARCHAR(36) NOT NULL,
  "name" VARCHAR(128) NOT NULL,
  "value" {long} NOT NULL,
  PRIMARY KEY ("cluster", "name")
){ours};
CREATE TABLE "mg_report" (
  "cluster" VARCHAR(36) NOT NULL PRIMARY KEY,
  "made_at" BIGINT NOT NULL,
  "report" {long} NOT NULL
){ours};
