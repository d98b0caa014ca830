CREATE TABLE "mg_diagnosis" (
  "id" VARCHAR(36) NOT NULL PRIMARY KEY,
  "cluster" VARCHAR(36) NOT NULL,
  "made_at" BIGINT NOT NULL,
  "asked_by" VARCHAR(16) NOT NULL,
  "report" {long} NOT NULL
){ours};
CREATE INDEX "ix_mg_diagnosis_cluster" ON "mg_diagnosis" ("cluster", "made_at");
INSERT INTO "mg_diagnosis" ("id", "cluster", "made_at", "asked_by", "report")
  SELECT "cluster", "cluster", "made_at", 'user', "report" FROM "mg_report";
DROP TABLE "mg_report";
CREATE TABLE "mg_stage_time" (
  "id" {pk},
  "coe" VARCHAR(16) NOT NULL,
  "role" VARCHAR(16) NOT NULL,
  "step" VARCHAR(64) NOT NULL,
  "took_ms" BIGINT NOT NULL,
  "rest_ms" BIGINT NOT NULL
){ours};
CREATE INDEX "ix_mg_stage_time" ON "mg_stage_time" ("coe", "role", "step", "id");
