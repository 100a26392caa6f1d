"""`tinygmp doctor`: what is installed, and what is it for?"""

from tinygmp.commands.options import Json


def doctor(as_json: Json = False) -> None:
    """List tools and optional packages: which are here, what each is for, how to install the others."""
    from tinygmp.commands import show
    from tinygmp.doctor import examine
    from tinygmp.report.rows import Row

    findings = examine()
    if as_json:
        show.print_json({"findings": findings})
        return
    rows = [
        Row(
            (finding.name, "found" if finding.found else "missing", finding.needed_for, finding.remedy),
            finding.found,
        )
        for finding in findings
    ]
    show.print_table("tools and packages", ("what", "state", "needed for", "install"), rows)
