# Sourced by up.sh and down.sh.
PACKAGES=(munge slurm-client slurmctld slurmd)
STATE=/run/seq2report-slurm
MARK="# written by tests/slurm/up.sh of seq2report"
WRITTEN=(/etc/slurm/slurm.conf /etc/slurm/gres.conf)

# Whether up.sh wrote a file.
ours() { head -n 1 "$1" 2>/dev/null | grep -qxF "$MARK"; }

# Print the missing programs of Slurm.
missing() {
  for program in munged slurmctld slurmd sbatch; do
    command -v "$program" >/dev/null || printf '%s ' "$program"
  done
}
