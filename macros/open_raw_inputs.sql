{# A view per input in the schema `inputs`: the raw rows as text, under the same column names
   whatever the files are. Of the polls only the files that are new; of the small inputs all.
   A timestamp that is one already comes in microseconds, so that it need not be written out as
   text and parsed again. Beside each stands the latest that a poll may have.
   Numbering rows costs a pass in order, so polls are numbered in a view of their own, which has
   no files until it is known which of them have rejected rows; there all is text. #}
{% macro open_raw_inputs() %}
    {% set files, new_polls = {}, listed_files("input = 'store_status' and is_new") %}
    {% for file in listed_files("input <> 'store_status'") %}
        {% do files.setdefault(file.input, []).append(file) %}
    {% endfor %}
    {% set views = [
        raw_input_view('store_status', 'store_status', new_polls, is_numbered=false),
        raw_input_view('store_status_of_first_files', 'store_status', new_polls[:20], is_numbered=false),
        raw_input_view('store_status_numbered', 'store_status', [], is_numbered=true),
    ] %}
    {% for input in input_columns() if input != 'store_status' %}
        {% do views.append(raw_input_view(input ~ '_numbered', input, files.get(input, []), is_numbered=true)) %}
    {% endfor %}
    {% do run_statements(views | join) %}
{% endmacro %}
