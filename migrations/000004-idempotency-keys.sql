-- The answer a key got, in the transaction of its effect. No foreign key to users: most owners are users, but a login or a
-- registration has none yet. Expired rows count as absent; a job deletes them.
create table idempotency_keys (
  owner        text not null check (char_length(owner) between 1 and 300),
  key          text not null check (char_length(key) between 1 and 255),
  -- HMAC over method, path and body: says whether a request is the same, and nothing about it.
  request_hash bytea not null,
  status       smallint not null check (status between 200 and 299),
  headers      jsonb not null,
  -- Sealed with a key that only the same request yields; null for an answer without a body.
  body         bytea,
  created_at   timestamptz not null default now(),
  expires_at   timestamptz not null,
  primary key (owner, key)
);

create index idempotency_keys_expires on idempotency_keys (expires_at);
