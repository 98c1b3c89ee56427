-- How a repository is cloned and what a new worktree of it needs, as JSON.
alter table repo add column options text not null default '{}';
