"""Study: the ideas behind every step as notes, cards and questions, four ways to learn them, and a memory of answers.

Nothing here imports torch: what a card asks for in numbers is computed by the formulas of the rules and schedules.
"""
