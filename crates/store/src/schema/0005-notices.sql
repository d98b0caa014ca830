-- What others are to be told of clusters, kept until a broker has it; who asked for an operation, and when that was told.
CREATE TABLE "mg_notice" (
  "id" {pk},
  "message_id" VARCHAR(36) NOT NULL,
  "cluster" VARCHAR(36) NOT NULL,
  "at" BIGINT NOT NULL,
  "event_type" VARCHAR(64) NOT NULL,
  "priority" VARCHAR(16) NOT NULL,
  "context" {long} NOT NULL,
  "payload" {long} NOT NULL
){ours};
ALTER TABLE "mg_operation" ADD COLUMN "context" {long};
ALTER TABLE "mg_operation" ADD COLUMN "announced_at" BIGINT;
