"""The same models on Apache Spark: translation, dbt's adapter, and a cluster to try it on."""
