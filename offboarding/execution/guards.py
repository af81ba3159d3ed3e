"""What keeps approving and doing apart, said once more as constraints of the database. Each asks several tables."""

from __future__ import annotations

from offboarding.work.guards import Guard

# Of the request to whose plan an item belongs.
OF_ITEM = "FROM checklist_checklistitem i JOIN checklist_plan p ON p.id = i.plan_id"
BY_A_PERSON = "('by hand', 'waived')"

GUARDS = (
    Guard(
        "who_approved_apart_does_not_work_on_it",
        "execution_run",
        "UPDATE",
        f"""NEW.ended <> OLD.ended AND NEW.ended IN {BY_A_PERSON} AND EXISTS (SELECT 1 {OF_ITEM}
        JOIN checklist_plan q ON q.removal_id = p.removal_id JOIN approvals_approval a ON a.plan_id = q.id
        WHERE i.id = NEW.item_id AND a.apart AND a.decision = 'approve'
        AND NEW.ended_by_id IN (a.approver_id, a.right_of_id))""",
    ),
    Guard(
        "who_works_on_it_does_not_approve_apart",
        "approvals_approval",
        "INSERT",
        f"""NEW.apart AND NEW.decision = 'approve' AND EXISTS (SELECT 1 {OF_ITEM}
        JOIN checklist_plan q ON q.removal_id = p.removal_id JOIN execution_run r ON r.item_id = i.id
        WHERE q.id = NEW.plan_id AND (r.assigned_to_id IN (NEW.approver_id, NEW.right_of_id)
        OR r.ended IN {BY_A_PERSON} AND r.ended_by_id IN (NEW.approver_id, NEW.right_of_id)))""",
    ),
    Guard(
        "who_removed_by_hand_does_not_verify",
        "execution_run",
        "UPDATE",
        """NEW.ended <> OLD.ended AND NEW.ended = 'by hand' AND EXISTS (SELECT 1 FROM checklist_checklistitem i
        JOIN checklist_checklistitem j ON j.plan_id = i.plan_id AND j.workspace_id = i.workspace_id
        JOIN execution_run r ON r.item_id = j.id WHERE i.id = NEW.item_id AND i.kind = 'verification'
        AND j.phase = 'remove' AND r.ended = 'by hand' AND r.ended_by_id = NEW.ended_by_id)""",
    ),
    # Days within which a role is held are asked by the rule alone.
    Guard(
        "who_approves_holds_the_role_at_every_client",
        "approvals_approval",
        "INSERT",
        """NEW.decision = 'approve' AND (NOT EXISTS (SELECT 1 FROM users_user u JOIN users_user v ON v.is_active
        WHERE u.is_active AND u.id = NEW.approver_id AND v.id = NEW.right_of_id) OR EXISTS (SELECT 1
        FROM checklist_plan p JOIN removals_place l ON l.removal_id = p.removal_id
        JOIN connections_workspace w ON w.id = l.workspace_id WHERE p.id = NEW.plan_id AND NOT EXISTS (SELECT 1
        FROM directory_membership m WHERE m.user_id = NEW.right_of_id AND m.role IN ('approver', 'security')
        AND (m.client_id IS NULL OR m.client_id = w.client_id) AND (m.engagement_id IS NULL OR EXISTS (SELECT 1
        FROM connections_coverage c WHERE c.engagement_id = m.engagement_id AND c.workspace_id = w.id)))))""",
    ),
    Guard(
        "a_call_needs_an_approval_of_its_plan",
        "execution_attempt",
        "INSERT",
        """NEW.act = 'call' AND NOT EXISTS (SELECT 1 FROM checklist_checklistitem i
        JOIN checklist_plan p ON p.id = i.plan_id JOIN execution_run r ON r.item_id = i.id
        WHERE r.id = NEW.run_id AND (EXISTS (SELECT 1 FROM approvals_approval a WHERE a.plan_id = p.id
        AND a.decision = 'approve') OR EXISTS (SELECT 1 FROM emergencies_emergency e
        WHERE e.removal_id = p.removal_id AND e.fingerprint = p.fingerprint)))""",
    ),
)  # fmt: skip
