-- Diagnoses that were started and are not waited for, so that every API can tell how far they have come.
CREATE TABLE "mg_inquiry" (
  "id" VARCHAR(36) NOT NULL PRIMARY KEY,
  "cluster" VARCHAR(36) NOT NULL,
  "question" {long} NOT NULL,
  "began_at" BIGINT NOT NULL,
  "heard_at" BIGINT NOT NULL,
  "collectors" {long} NOT NULL,
  "report" {long},
  "error" {long}
){ours};
CREATE INDEX "ix_mg_inquiry_cluster" ON "mg_inquiry" ("cluster", "began_at");
