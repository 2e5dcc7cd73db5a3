# Sourced by up.sh and down.sh.
PACKAGES=(munge slurm-client slurmctld slurmd)
STATE=/run/seq2report-slurm
MARK="# written by tests/slurm/up.sh of seq2report"
WRITTEN=(/etc/slurm/slurm.conf /etc/slurm/gres.conf)

# Whether a file is one that up.sh wrote.
ours() { head -n 1 "$1" 2>/dev/null | grep -qxF "$MARK"; }

# The programs of a Slurm that are not installed.
missing() {
  for program in munged slurmctld slurmd sbatch; do
    command -v "$program" >/dev/null || printf '%s ' "$program"
  done
}
