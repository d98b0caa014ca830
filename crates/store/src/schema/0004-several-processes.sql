-- News for other processes: one counter a slot, raised in the transaction that changes a cluster of that slot, and what
-- each rise was about. Locks for what has no row yet. Values of columns that an older Magnum's tables do not have.
CREATE TABLE "mg_change" (
  "slot" INTEGER NOT NULL PRIMARY KEY,
  "n" BIGINT NOT NULL
){ours};
CREATE TABLE "mg_news" (
  "slot" INTEGER NOT NULL,
  "n" BIGINT NOT NULL,
  "cluster" VARCHAR(36) NOT NULL,
  "cause" VARCHAR(16) NOT NULL,
  "origin" VARCHAR(36) NOT NULL,
  PRIMARY KEY ("slot", "n")
){ours};
CREATE TABLE "mg_lock" (
  "slot" INTEGER NOT NULL PRIMARY KEY
){ours};
CREATE TABLE "mg_column" (
  "owner" VARCHAR(64) NOT NULL,
  "uuid" VARCHAR(36) NOT NULL,
  "name" VARCHAR(64) NOT NULL,
  "value" {long} NOT NULL,
  PRIMARY KEY ("owner", "uuid", "name")
){ours};
INSERT INTO "mg_change" ("slot", "n") VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0);
INSERT INTO "mg_lock" ("slot") VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15);
CREATE INDEX "mg_cluster_project" ON "cluster" ("project_id", "id");
CREATE INDEX "mg_cluster_user" ON "cluster" ("user_id", "id");
CREATE INDEX "mg_cluster_status" ON "cluster" ("status", "id");
CREATE INDEX "mg_cluster_template_of" ON "cluster" ("cluster_template_id", "id");
CREATE INDEX "mg_template_project" ON "cluster_template" ("project_id", "id");
CREATE INDEX "mg_operation_open" ON "mg_operation" ("ended_at", "cluster");
CREATE INDEX "mg_node_power" ON "mg_node" ("powered_on", "status");
