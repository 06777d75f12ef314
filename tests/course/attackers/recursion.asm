; A macro that calls itself.
%rmacro again 0
    again
    again
%endmacro
    again
