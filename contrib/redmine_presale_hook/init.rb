# frozen_string_literal: true

# Redmine runs this file at its start, and in development again after every change of the code.

Redmine::Plugin.register :redmine_presale_hook do
  name 'Presale hook'
  author 'presale-bridge'
  description 'Tells presale-bridge at once which ticket has changed: its number and nothing else'
  version '1.0.0'
  requires_redmine version_or_higher: '5.0.0'
  settings default: { 'url' => '', 'secret' => '', 'ca_file' => '', 'trackers' => [] },
           partial: 'redmine_presale_hook/settings'
end

RedminePresaleHook.install
