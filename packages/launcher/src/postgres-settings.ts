/**
 * PostgreSQL on a small machine that does other work too. They are given on the command line, so that an old data folder
 * takes new ones. Durability stays as it is shipped, and is said here so that no configuration file weakens it: what was
 * acknowledged survives a crash (truth 7).
 */
export function postgresSettings(port: number): Record<string, string> {
  return {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // TCP only: a socket's path has a length limit that a deep folder breaks, and Windows has none.
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',

    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',

    max_connections: '200',
    shared_buffers: '256MB',
    effective_cache_size: '1GB',
    wal_buffers: '16MB',
    min_wal_size: '256MB',
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    random_page_cost: '1.1',

    // Short statements over few rows: workers beside the session only cost.
    max_parallel_workers_per_gather: '0',
    io_method: 'sync',
    jit: 'off',
    // Hot stock rows and outboxes are updated all the time; their dead versions have to go soon.
    autovacuum_naptime: '15s',

    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %d ',
    log_checkpoints: 'off',
  }
}
