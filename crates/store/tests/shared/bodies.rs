// SPDX-License-Identifier: Apache-2.0
//! The list of test bodies that every database must pass.

/// Calls a macro with all bodies: module and name.
#[macro_export]
macro_rules! for_each_body {
    ($with:ident) => {
        $with! {
            usual::a_request_is_stored_whole_and_wakes_the_conductor
            usual::who_lost_the_lease_writes_nothing
            usual::reports_are_counted_once_and_move_the_node
            usual::values_left_for_others_wake_them_and_delete_leaves_nothing
            usual::pages_follow_each_other_whatever_the_key
            usual::the_last_reports_are_kept_and_go_with_their_cluster
            usual::stages_come_from_reports_and_measurements_from_nodes_that_came_up
            notices::notices_come_with_what_they_tell_and_stay_until_they_are_taken
            inquiries::inquiries_are_followed_and_go_when_their_report_is_kept
            alike::names_and_projects_are_compared_exactly
            alike::pages_have_the_same_order_everywhere
            alike::long_and_strange_text_comes_back
            alike::counts_services_and_quotas
            together::a_quota_holds_whoever_asks_at_the_same_time
            together::one_of_many_gets_the_lease
            together::a_template_in_use_is_not_deleted
            together::events_are_seen_in_their_order
            together::writers_of_the_same_rows_all_come_through
            together::readers_at_the_same_time_see_all_that_was_written_before
        }
    };
}
