"""Events of a Kafka cluster: how it is reached, where a stream stands, what its values hold."""
